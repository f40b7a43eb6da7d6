using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Composition;

public sealed class SizeSplitStoreTests : BlobStoreContract
{
    private readonly MemoryStore small = new(64 * 1024 * 1024);
    private readonly MemoryStore large = new(64 * 1024 * 1024);

    protected override ValueTask<IBlobStore> CreateStoreAsync() => ValueTask.FromResult<IBlobStore>(new SizeSplitStore(small, large, limit: 4096));

    [Theory]
    [InlineData(4096, true)]
    [InlineData(4097, false)]
    public async Task The_size_in_the_digest_decides_where_a_blob_is_kept(int length, bool isSmall)
    {
        TestBlob blob = TestBlob.Random(1, length);

        await Store.WriteAllAsync(blob.Digest, blob.Content, Token);

        Assert.Equal(isSmall, await small.ContainsAsync(blob.Digest, Token));
        Assert.Equal(!isSmall, await large.ContainsAsync(blob.Digest, Token));
    }

    [Theory]
    [Rule("DIG-02")]
    [InlineData(100)]
    [InlineData(100_000)]
    public async Task A_digest_without_size_finds_either(int length)
    {
        TestBlob blob = TestBlob.Random(2, length), other = TestBlob.Random(3, length);
        await AssertAbsentAsync(blob.Digest.WithoutSize());

        await Store.WriteAllAsync(blob.Digest, blob.Content, Token);

        Assert.Equal([other.Digest.WithoutSize()], await Store.FindMissingAsync([blob.Digest.WithoutSize(), other.Digest.WithoutSize()], Token));
        await AssertReadsAsync(blob.Digest.WithoutSize(), blob.Content);
    }

    [Fact]
    public async Task Values_may_be_of_any_length_under_a_whole_digest()
    {
        Digest key = TestBlob.Random(4, 100).Digest;
        byte[] value = TestBlob.Random(5, 100_000).Content;

        await Store.WriteAllAsync(key, value, Token);

        await AssertReadsAsync(key, value);
    }
}
