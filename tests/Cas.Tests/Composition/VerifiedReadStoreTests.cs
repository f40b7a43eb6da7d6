using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Composition;

public sealed class VerifiedReadStoreTests
{
    private readonly MemoryStore inner = new(64 * 1024 * 1024);
    private readonly VerifiedReadStore store;
    private readonly TestBlob blob = TestBlob.Random(1, 100_000);

    public VerifiedReadStoreTests() => store = new VerifiedReadStore(inner);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Rule("BSR-08")]
    public async Task Damage_shows_before_the_last_bytes_are_handed_out_and_the_blob_is_dropped()
    {
        byte[] damaged = [.. blob.Content];
        damaged[500] ^= 1;
        await inner.WriteAllAsync(blob.Digest, damaged, Token);
        await using BlobReader? reader = await store.OpenReadAsync(blob.Digest, 0, Token);
        Assert.NotNull(reader);
        Assert.Equal(99_999, await reader.ReadAsync(new byte[99_999], Token));

        BlobCorruptException damage = await Assert.ThrowsAsync<BlobCorruptException>(async () => await reader.ReadAsync(new byte[10], Token));

        Assert.Equal(blob.Digest, damage.Digest);
        Assert.Equal([blob.Digest], await store.FindMissingAsync([blob.Digest], Token));
    }

    [Theory]
    [Rule("BSR-08")]
    [InlineData(0)]
    [InlineData(99_999)]
    [InlineData(100_001)]
    public async Task A_wrong_length_shows_as_it_is_opened(int length)
    {
        await inner.WriteAllAsync(blob.Digest, TestBlob.Random(2, length).Content, Token);

        await Assert.ThrowsAsync<BlobCorruptException>(async () => await store.OpenReadAsync(blob.Digest, 0, Token));

        Assert.Null(await store.OpenReadAsync(blob.Digest, 0, Token));
    }

    [Fact]
    public async Task A_read_from_the_middle_is_not_checked()
    {
        await inner.WriteAllAsync(blob.Digest, new byte[100_000], Token);

        await using BlobReader? reader = await store.OpenReadAsync(blob.Digest, 99_000, Token);

        Assert.Equal(1000, await reader!.ReadAsync(new byte[2000], Token));
    }
}
