using System.Buffers;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Cas.Tests.Stores.Segments;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Composition;

/// <summary>Every large blob has a recipe, over the store that the server uses.</summary>
public sealed class ChunkingStoreTests : BlobStoreContract
{
    private const int MiB = 1024 * 1024;
    private readonly StoreFolder folder = new();
    private SegmentStore segments = null!;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await segments.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task What_a_blob_has_in_common_with_another_is_kept_once()
    {
        var media = new CountingStore(new MemoryStore(256 * MiB));
        var store = new ChunkingStore(new ChunkedStore(media));
        (byte[] first, byte[] second) = DifferingBuilds.Make(32 * MiB, pieces: 4);
        await store.WriteAllAsync(TestBlob.Of(first).Digest, first, Token);
        Assert.InRange(media.Written, first.Length, first.Length + 100_000);
        media.Written = 0;

        await store.WriteAllAsync(TestBlob.Of(second).Digest, second, Token);

        Assert.InRange(media.Written, 1, second.Length / 5);
        Assert.Equal(second, await store.ReadAllAsync(TestBlob.Of(second).Digest, int.MaxValue, Token));
    }

    [Fact]
    public async Task Uploads_beyond_what_memory_is_for_are_kept_whole()
    {
        var media = new CountingStore(new MemoryStore(256 * MiB));
        var store = new ChunkingStore(new ChunkedStore(media));
        TestBlob[] blobs = [.. Enumerable.Range(0, ChunkingStore.MaxWriters + 2).Select(i => TestBlob.Random(i, 3 * MiB))];
        var writers = new List<BlobWriter>();
        foreach (TestBlob blob in blobs)
            writers.Add(await store.OpenWriteAsync(blob.Digest, blob.Content.Length, Token));

        foreach ((BlobWriter writer, TestBlob blob) in writers.Zip(blobs))
        {
            await writer.WriteAsync(new ReadOnlySequence<byte>(blob.Content), Token);
            await writer.CommitAsync(Token);
            await writer.DisposeAsync();
        }

        Assert.Empty(await store.FindMissingAsync([.. blobs.Select(blob => blob.Digest)], Token));
        Assert.Equal(blobs[^2..].Select(blob => blob.Digest), blobs.Select(blob => blob.Digest).Except(await media.FindMissingAsync([.. blobs.Select(blob => blob.Digest)], Token)));

        TestBlob next = TestBlob.Random(99, 3 * MiB);
        await store.WriteAllAsync(next.Digest, next.Content, Token);
        Assert.False(await media.ContainsAsync(next.Digest, Token));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_store_that_crashes_while_blobs_are_cut_has_whole_blobs_or_none(bool checkpoint)
    {
        var store = new ChunkingStore(new ChunkedStore(segments));
        TestBlob done = TestBlob.Random(1, 5 * MiB), half = TestBlob.Random(2, 5 * MiB);
        await store.WriteAllAsync(done.Digest, done.Content, Token);
        if (checkpoint)
            await segments.CheckpointAsync(Token);
        await using (BlobWriter writer = await store.OpenWriteAsync(half.Digest, half.Content.Length, Token))
        {
            await writer.WriteAsync(new ReadOnlySequence<byte>(half.Content, 0, (5 * MiB) - 1), Token);
            await segments.CrashAsync();
        }

        segments = await OpenAsync();
        store = new ChunkingStore(new ChunkedStore(segments));

        Assert.Equal([half.Digest], await store.FindMissingAsync([done.Digest, half.Digest], Token));
        Assert.Equal(done.Content, await store.ReadAllAsync(done.Digest, int.MaxValue, Token));
        await store.WriteAllAsync(half.Digest, half.Content, Token);
        Assert.Equal(half.Content, await store.ReadAllAsync(half.Digest, int.MaxValue, Token));
    }

    [Fact]
    [Rule("CAS-04")]
    public async Task What_is_found_can_be_read_while_everything_is_evicted_all_the_time()
    {
        using var small = new StoreFolder();
        await using SegmentStore media = await small.OpenAsync(maxBytes: 24 * MiB, segmentBytes: 2 * MiB);
        var store = new ChunkingStore(new ChunkedStore(media));
        TestBlob[] blobs = [.. Enumerable.Range(0, 24).Select(i => TestBlob.Random(i, 3 * MiB))];
        foreach (TestBlob blob in blobs)
        {
            await store.WriteAllAsync(blob.Digest, blob.Content, Token);
            Assert.True(await IsThereAsync(store, blob));
            await IsThereAsync(store, blobs[0]);
        }

        Assert.NotEqual(0, media.Statistics.EvictedBytes);
        int present = 0;
        foreach (TestBlob blob in blobs)
            present += await IsThereAsync(store, blob) ? 1 : 0;
        Assert.InRange(present, 1, blobs.Length - 1);
    }

    private static async Task<bool> IsThereAsync(IBlobStore store, TestBlob blob)
    {
        bool isThere = await store.ContainsAsync(blob.Digest, Token);
        Assert.Equal(isThere ? blob.Content : null, await store.ReadAllAsync(blob.Digest, int.MaxValue, Token));
        return isThere;
    }

    protected override async ValueTask<IBlobStore> CreateStoreAsync()
    {
        segments = await OpenAsync();
        return new ChunkingStore(new ChunkedStore(segments));
    }

    private ValueTask<SegmentStore> OpenAsync() => SegmentStore.OpenAsync(folder.Options(128 << 20, 4 << 20), NullLogger.Instance, TimeProvider.System, Token);
}
