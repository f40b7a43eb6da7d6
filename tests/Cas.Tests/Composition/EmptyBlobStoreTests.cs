using System.Buffers;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Composition;

public sealed class EmptyBlobStoreTests : ValueStoreContract
{
    private readonly MemoryStore inner = new(128 * 1024 * 1024);

    public static TheoryData<DigestFunction> Functions { get; } = [.. DigestFunctions.Supported];

    protected override ValueTask<IBlobStore> CreateStoreAsync() => ValueTask.FromResult<IBlobStore>(new EmptyBlobStore(inner));

    [Theory]
    [Rule("DIG-03")]
    [Rule("Q-09")]
    [MemberData(nameof(Functions))]
    public async Task The_empty_blob_is_present_in_every_instance_without_having_been_written(DigestFunction function)
    {
        Digest empty = EmptyBlob.DigestOf(InstanceName.Parse("some/instance"), function);
        Digest other = TestBlob.Random(1, 10).Digest;

        Assert.Equal([other], await Store.FindMissingAsync([empty, other, empty], Token));
        await AssertReadsAsync(empty, []);
        await AssertReadsAsync(empty.WithoutSize(), []);
    }

    [Fact]
    [Rule("DIG-03")]
    [Rule("BSW-11")]
    public async Task Writing_it_succeeds_and_stores_nothing()
    {
        Digest empty = EmptyBlob.DigestOf(default, DigestFunction.Sha256);

        await Store.WriteAllAsync(empty, ReadOnlyMemory<byte>.Empty, Token);
        await using (BlobWriter writer = await Store.OpenWriteAsync(empty, 0, Token))
        {
            await writer.WriteAsync(ReadOnlySequence<byte>.Empty, Token);
            await writer.CommitAsync(Token);
        }

        Assert.Equal([empty], await inner.FindMissingAsync([empty], Token));
    }

    [Fact]
    [Rule("BSR-02")]
    public async Task It_has_no_other_offset_than_0() =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            async () => await Store.OpenReadAsync(EmptyBlob.DigestOf(default, DigestFunction.Sha256), 1, Token));

    [Fact]
    [Rule("DIG-02")]
    [Rule("Q-09")]
    public async Task Size_0_under_another_hash_and_its_hash_with_another_size_are_absent()
    {
        Digest empty = EmptyBlob.DigestOf(default, DigestFunction.Sha256);
        Digest impostor = Resized(TestBlob.Random(1, 10).Digest, 0);
        Digest inflated = Resized(empty, 5);

        Assert.Equal([impostor, inflated], await Store.FindMissingAsync([impostor, inflated, empty], Token));
        Assert.Null(await Store.OpenReadAsync(impostor, 0, Token));
        Assert.Null(await Store.OpenReadAsync(inflated, 0, Token));
    }

    [Fact]
    [Rule("CAS-07")]
    public async Task Content_for_it_goes_to_where_it_is_verified()
    {
        var store = new EmptyBlobStore(new VerifyingStore(inner));
        Digest empty = EmptyBlob.DigestOf(default, DigestFunction.Sha256);

        await Assert.ThrowsAsync<BlobMismatchException>(async () => await store.WriteAllAsync(empty, "x"u8.ToArray(), Token));

        Assert.Empty(await store.FindMissingAsync([empty], Token));
    }
}
