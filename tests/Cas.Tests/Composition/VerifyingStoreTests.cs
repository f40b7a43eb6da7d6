using System.Buffers;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Composition;

public sealed class VerifyingStoreTests : BlobStoreContract
{
    private readonly MemoryStore inner = new(128 * 1024 * 1024);

    protected override ValueTask<IBlobStore> CreateStoreAsync() => ValueTask.FromResult<IBlobStore>(new VerifyingStore(inner));

    [Theory]
    [Rule("CAS-07")]
    [Rule("CAS-14")]
    [Rule("BSW-05")]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(33)]
    public async Task Content_with_another_hash_never_becomes_visible(int firstPiece)
    {
        TestBlob blob = TestBlob.Random(1, 100);
        byte[] damaged = [.. blob.Content];
        damaged[^1] ^= 1;

        await using (BlobWriter writer = await Store.OpenWriteAsync(blob.Digest, 100, Token))
        {
            await writer.WriteAsync(new ReadOnlySequence<byte>(damaged, 0, firstPiece), Token);
            await writer.WriteAsync(new ReadOnlySequence<byte>(damaged, firstPiece, 100 - firstPiece), Token);
            BlobMismatchException exception = await Assert.ThrowsAsync<BlobMismatchException>(async () => await writer.CommitAsync(Token));
            Assert.Equal(blob.Digest, exception.Expected);
            Assert.Contains(TestBlob.Of(damaged).Digest.Hash, exception.Message);
        }

        await AssertAbsentAsync(blob.Digest);
        await AssertAbsentAsync(TestBlob.Of(damaged).Digest);
    }

    [Theory]
    [Rule("CAS-07")]
    [Rule("DIG-02")]
    [InlineData(99)]
    [InlineData(101)]
    public async Task Content_of_another_length_is_refused_at_once(int length)
    {
        TestBlob blob = TestBlob.Random(2, 100);

        BlobMismatchException exception = await Assert.ThrowsAsync<BlobMismatchException>(
            async () => await Store.OpenWriteAsync(blob.Digest, length, Token));

        Assert.Contains($"{length} bytes", exception.Message);
    }

    [Fact]
    [Rule("DIG-02")]
    public async Task No_content_is_not_accepted_under_another_hash()
    {
        Digest impostor = Resized(TestBlob.Random(3, 100).Digest, 0);

        await Assert.ThrowsAsync<BlobMismatchException>(async () => await Store.WriteAllAsync(impostor, ReadOnlyMemory<byte>.Empty, Token));

        await AssertAbsentAsync(impostor);
    }

    [Fact]
    [Rule("DIG-02")]
    public async Task What_is_written_without_a_size_is_verified_and_stored_under_its_own()
    {
        TestBlob blob = TestBlob.Random(4, 100);

        await Store.WriteAllAsync(blob.Digest.WithoutSize(), blob.Content, Token);

        await AssertReadsAsync(blob.Digest, blob.Content);
        await AssertReadsAsync(blob.Digest.WithoutSize(), blob.Content);
        await AssertAbsentAsync(Resized(blob.Digest, 99));
        await Assert.ThrowsAsync<BlobMismatchException>(
            async () => await Store.WriteAllAsync(TestBlob.Random(5, 1).Digest.WithoutSize(), blob.Content, Token));
    }

    [Fact]
    public async Task A_failure_of_the_store_within_comes_through()
    {
        TestBlob blob = TestBlob.Random(6, 100);
        var faulty = new FaultyStore(inner);
        faulty.Fail(StoreOperation.Commit, () => new StoreUnavailableException("faulty", null));

        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await new VerifyingStore(faulty).WriteAllAsync(blob.Digest, blob.Content, Token));

        await AssertAbsentAsync(blob.Digest);
    }
}
