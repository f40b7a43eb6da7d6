using Microsoft.Extensions.Logging;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Stores.Segments;

/// <summary>Damage that happens while a store is open, or below a checkpoint.</summary>
public sealed class DamageTests : IDisposable
{
    private const int HeaderLength = 80; // of a SHA-256 digest in the unnamed instance

    private readonly StoreFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [Rule("BSR-08")]
    [InlineData(0)]
    [InlineData(123_456)]
    [InlineData(199_999)]
    public async Task A_damaged_blob_ends_with_an_error_before_its_last_bytes_and_is_missing_from_then_on(int at)
    {
        await using SegmentStore store = await folder.OpenAsync();
        TestBlob blob = TestBlob.Random(1, 200_000);
        await store.WriteAllAsync(blob.Digest, blob.Content, StoreFolder.Token);
        Flip(HeaderLength + at);
        await using BlobReader? reader = await store.OpenReadAsync(blob.Digest, 0, StoreFolder.Token);
        var buffer = new byte[50_000];
        for (int i = 0; i < 3; i++)
            Assert.Equal(buffer.Length, await reader!.ReadAsync(buffer, StoreFolder.Token));

        BlobCorruptException error = await Assert.ThrowsAsync<BlobCorruptException>(async () => await reader!.ReadAsync(buffer, StoreFolder.Token));

        Assert.Equal(blob.Digest, error.Digest);
        Assert.False(await store.HasAsync(blob.Digest));
        Assert.Equal(1, store.Statistics.DamagedRecords);
        await store.WriteAllAsync(blob.Digest, blob.Content, StoreFolder.Token);
        Assert.Equal(blob.Content, await store.GetAsync(blob.Digest));
    }

    [Theory]
    [Rule("BSR-08")]
    [InlineData(500, HeaderLength + 100)] // a small value is verified when it is opened
    [InlineData(500, 20)]
    [InlineData(200_000, 20)]
    [InlineData(200_000, 60)]
    public async Task A_blob_whose_damage_shows_at_once_is_missing(int length, int at)
    {
        await using SegmentStore store = await folder.OpenAsync();
        TestBlob blob = TestBlob.Random(1, length);
        await store.WriteAllAsync(blob.Digest, blob.Content, StoreFolder.Token);
        Flip(at);

        Assert.Null(await store.OpenReadAsync(blob.Digest, 0, StoreFolder.Token));

        Assert.False(await store.HasAsync(blob.Digest));
        Assert.Equal(1, store.Statistics.DamagedRecords);
    }

    [Fact]
    [Rule("CAS-03")]
    public async Task A_disk_that_fails_is_told_to_every_caller_and_to_the_operator_now_and_then()
    {
        var log = new RecordingLogger();
        var time = new ManualTimeProvider();
        string path = Path.Combine(folder.Path, "store");
        var options = new SegmentStoreOptions { Path = path, MaxBytes = 1 << 20, SegmentBytes = 1 << 16 };
        await using SegmentStore store = await SegmentStore.OpenAsync(options, log, time, StoreFolder.Token);
        Directory.Delete(path, recursive: true); // no segment can be made any more

        for (int i = 0; i < 5; i++)
            await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.PutAsync(StoreFolder.Content(i, 1000)));
        Assert.Single(log.Entries, entry => entry.Level == LogLevel.Error && entry.Text.Contains("Look after the disk", StringComparison.Ordinal));

        time.Advance(TimeSpan.FromMinutes(1));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.PutAsync(StoreFolder.Content(9, 1000)));

        Assert.Equal(2, log.Entries.Count(entry => entry.Level == LogLevel.Error));
    }

    [Fact]
    public async Task A_file_that_was_cut_under_an_open_store_ends_with_an_error()
    {
        await using SegmentStore store = await folder.OpenAsync();
        TestBlob blob = TestBlob.Random(1, 200_000);
        await store.WriteAllAsync(blob.Digest, blob.Content, StoreFolder.Token);
        using (FileStream stream = new(folder.Segments().Single(), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
            stream.SetLength(100_000);

        await Assert.ThrowsAsync<BlobCorruptException>(async () => await store.GetAsync(blob.Digest));

        Assert.False(await store.HasAsync(blob.Digest));
    }

    [Fact]
    public async Task A_damaged_blob_is_not_moved_when_its_segment_is_evicted()
    {
        const int SegmentBytes = 64 << 10;
        await using SegmentStore store = await folder.OpenAsync(4 * SegmentBytes, SegmentBytes);
        TestBlob blob = TestBlob.Random(1, 30_000), neighbour = TestBlob.Random(2, 700);
        await store.WriteAllAsync(blob.Digest, blob.Content, StoreFolder.Token);
        await store.WriteAllAsync(neighbour.Digest, neighbour.Content, StoreFolder.Token);
        Flip(HeaderLength + 29_999);
        Assert.Empty(await store.FindMissingAsync([blob.Digest, neighbour.Digest], StoreFolder.Token));

        for (int i = 10; store.Statistics.EvictedBytes == 0; i++)
            await store.PutAsync(TestBlob.Random(i, 4000).Content);

        Assert.Equal([blob.Digest], await store.FindMissingAsync([blob.Digest, neighbour.Digest], StoreFolder.Token));
        Assert.Equal(1, store.Statistics.DamagedRecords);
        Assert.Equal(neighbour.Content, await store.GetAsync(neighbour.Digest));
    }

    [Fact]
    public async Task A_record_of_another_key_under_the_same_tag_is_not_served()
    {
        await using SegmentStore store = await folder.OpenAsync();
        TestBlob blob = TestBlob.Random(1, 500), other = TestBlob.Random(2, 500);
        await store.WriteAllAsync(blob.Digest, blob.Content, StoreFolder.Token);
        await store.WriteAllAsync(other.Digest, other.Content, StoreFolder.Token);

        // What a collision of tags would look like: the index leads from one key to the record of the other.
        store.PointTo(other.Digest, blob.Digest);

        Assert.Null(await store.OpenReadAsync(other.Digest, 0, StoreFolder.Token));
        Assert.Equal(blob.Content, await store.GetAsync(blob.Digest));
    }

    private void Flip(long at)
    {
        using FileStream stream = new(folder.Segments()[0], FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        stream.Position = at;
        int value = stream.ReadByte();
        stream.Position = at;
        stream.WriteByte((byte)(value ^ 0x40));
    }
}
