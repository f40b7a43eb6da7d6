using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Stores;

public sealed class MemoryStoreTests : ValueStoreContract
{
    protected override ValueTask<IBlobStore> CreateStoreAsync() => ValueTask.FromResult<IBlobStore>(new MemoryStore(128 * 1024 * 1024));

    [Fact]
    [Rule("AC-12")]
    [Rule("CAS-02")]
    [Rule("CAS-19")]
    public async Task What_was_used_least_recently_goes_first()
    {
        var store = new MemoryStore(400);
        TestBlob[] blobs = [.. Enumerable.Range(0, 5).Select(i => TestBlob.Random(i, 100))];
        foreach (TestBlob blob in blobs.Take(4))
            await store.WriteAllAsync(blob.Digest, blob.Content, Token);
        await store.FindMissingAsync([blobs[0].Digest], Token);
        await using BlobReader? reader = await store.OpenReadAsync(blobs[2].Digest, 0, Token);

        await store.WriteAllAsync(blobs[4].Digest, TestBlob.Random(9, 200).Content, Token);

        Assert.Equal([blobs[1].Digest, blobs[3].Digest], await store.FindMissingAsync([.. blobs.Select(blob => blob.Digest)], Token));
    }

    [Fact]
    public async Task A_reader_survives_the_eviction_of_its_blob()
    {
        var store = new MemoryStore(100);
        TestBlob blob = TestBlob.Random(1, 100);
        await store.WriteAllAsync(blob.Digest, blob.Content, Token);
        await using BlobReader? reader = await store.OpenReadAsync(blob.Digest, 0, Token);
        Assert.NotNull(reader);

        await store.WriteAllAsync(TestBlob.Random(2, 100).Digest, TestBlob.Random(2, 100).Content, Token);

        Assert.Null(await store.OpenReadAsync(blob.Digest, 0, Token));
        Assert.Equal(blob.Content, await ReadToEndAsync(reader, 64));
    }

    [Fact]
    public async Task What_is_discarded_leaves_room_for_others_unless_it_was_replaced()
    {
        var store = new MemoryStore(200);
        TestBlob blob = TestBlob.Random(1, 100), other = TestBlob.Random(2, 100);
        await store.WriteAllAsync(blob.Digest, blob.Content, Token);
        await store.WriteAllAsync(other.Digest, other.Content, Token);
        await using BlobReader? reader = await store.OpenReadAsync(other.Digest, 0, Token);

        reader!.Discard();
        Assert.False(await store.ContainsAsync(other.Digest, Token));
        await store.WriteAllAsync(other.Digest, other.Content, Token);
        reader.Discard();

        Assert.Empty(await store.FindMissingAsync([blob.Digest, other.Digest], Token));
        Assert.Equal(other.Content, await ReadToEndAsync(reader, 64));
    }

    [Fact]
    public async Task What_can_never_fit_is_refused()
    {
        var store = new MemoryStore(100);

        StoreFullException exception = await Assert.ThrowsAsync<StoreFullException>(
            async () => await store.OpenWriteAsync(TestBlob.Random(1, 101).Digest, 101, Token));

        Assert.Equal(101, exception.NeededBytes);
    }
}
