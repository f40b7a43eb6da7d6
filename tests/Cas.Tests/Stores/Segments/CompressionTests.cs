using System.Buffers;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas.Compression;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;
using RemoteExec.TestKit;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;

namespace RemoteExec.Cas.Tests.Stores.Segments;

/// <summary>Values that are compressed on the disk.</summary>
public sealed class CompressionTests : IDisposable
{
    private const int Block = CompressedValue.BlockBytes;
    private readonly StoreFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(16 * 1024, false)]
    [InlineData((16 * 1024) + 1, true)]
    [InlineData(Block - 1, true)]
    [InlineData(Block, true)]
    [InlineData(Block + 1, true)]
    [InlineData((3 * Block) + 5, true)]
    [InlineData(5_000_000, true)] // longer than a segment
    public async Task What_shrinks_takes_less_and_reads_back(int length, bool shrinks)
    {
        await using SegmentStore store = await OpenAsync(segmentBytes: 4 << 20);
        byte[] content = Text(1, length);

        Digest digest = await store.PutAsync(content);

        Assert.InRange(store.Statistics.DiskBytes, 1, shrinks ? length / 2 : length + 200);
        Assert.Equal(content, await store.GetAsync(digest));
        Assert.Equal(content, await store.GetAsync(digest.WithoutSize()));
    }

    [Fact]
    public async Task What_does_not_shrink_is_stored_as_it_is()
    {
        await using SegmentStore store = await OpenAsync();
        byte[] content = StoreFolder.Content(1, 300_000);

        Digest digest = await store.PutAsync(content);

        Assert.InRange(store.Statistics.DiskBytes, 300_000, 300_200);
        Assert.Equal(content, await store.GetAsync(digest));
        await using BlobReader? reader = await store.OpenReadAsync(digest, 0, StoreFolder.Token);
        Assert.Null(reader!.ZstdLength);
    }

    [Fact]
    public async Task A_value_that_shrinks_only_at_its_beginning_reads_back()
    {
        await using SegmentStore store = await OpenAsync();
        byte[] content = [.. Text(1, Block), .. StoreFolder.Content(2, 700_000), .. new byte[3]];

        Digest digest = await store.PutAsync(content);

        Assert.Equal(content, await store.GetAsync(digest));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(Block - 1)]
    [InlineData(Block)]
    [InlineData(Block + 1)]
    [InlineData((3 * Block) + 4)]
    [InlineData((3 * Block) + 5)]
    public async Task It_is_read_from_any_offset(int offset)
    {
        await using SegmentStore store = await OpenAsync();
        byte[] content = Text(1, (3 * Block) + 5);
        Digest digest = await store.PutAsync(content);
        await using BlobReader? reader = await store.OpenReadAsync(digest, offset, StoreFolder.Token);

        Assert.Null(reader!.ZstdLength);
        Assert.Equal(content.Length, reader.Length);
        Assert.Equal(content[offset..], await ReadAsync(reader.ReadAsync, 50_001));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await store.OpenReadAsync(digest, content.Length + 1, StoreFolder.Token));
    }

    [Fact]
    [Rule("BSR-05")]
    [Rule("BSR-07")]
    public async Task A_reader_of_zstd_gets_the_frames_that_are_stored()
    {
        await using SegmentStore store = await OpenAsync();
        byte[] content = Text(1, 1_000_000);
        Digest digest = await store.PutAsync(content);
        byte[] frames = await FramesAsync(store, digest);

        await using BlobReader? reader = await store.OpenReadAsync(digest, 0, StoreFolder.Token);
        using var sent = new MemoryStream();
        await BlobCompression.CompressAsync(Compressor.Zstd, reader!, sent, StoreFolder.Token);

        Assert.Equal(frames, sent.ToArray());
        byte[] segment = await File.ReadAllBytesAsync(folder.Segments().Single(), StoreFolder.Token);
        Assert.NotEqual(-1, segment.AsSpan().IndexOf(frames));
        Assert.Equal(content, await BlobCompression.DecompressAsync(Compressor.Zstd, frames, content.Length, StoreFolder.Token));
    }

    [Fact]
    public async Task A_value_of_nothing_but_zeros_reads_back_in_bounded_steps()
    {
        await using SegmentStore store = await OpenAsync();
        byte[] content = new byte[20_000_000];

        Digest digest = await store.PutAsync(content);

        Assert.InRange(store.Statistics.DiskBytes, 1, 10_000);
        Assert.Equal(content, await store.GetAsync(digest));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_store_opens_again_whichever_way_values_are_written_from_then_on(bool cleanly)
    {
        byte[] text = Text(1, 500_000), other = Text(2, 500_000);
        SegmentStore store = await OpenAsync(compression: SegmentCompression.None);
        Digest first = await store.PutAsync(text);
        await CloseAsync(store, cleanly);
        store = await OpenAsync();
        Digest second = await store.PutAsync(other);
        await CloseAsync(store, cleanly);

        await using SegmentStore last = await OpenAsync(compression: SegmentCompression.None);

        Assert.Empty(await last.FindMissingAsync([first, second], StoreFolder.Token));
        Assert.Equal(text, await last.GetAsync(first));
        Assert.Equal(other, await last.GetAsync(second));
        Assert.NotEmpty(await FramesAsync(last, second));
    }

    [Theory]
    [Rule("BSR-08")]
    [InlineData(80)]
    [InlineData(90)]
    [InlineData(5_000)]
    [InlineData(-20)]
    public async Task A_damaged_value_is_an_error_and_missing_from_then_on(int at)
    {
        foreach (bool asFrames in (bool[])[false, true])
        {
            await using SegmentStore store = await OpenAsync();
            Digest digest = await store.PutAsync(Text(asFrames ? 1 : 2, 1_000_000));
            Flip(folder.Segments()[^1], at < 0 ? store.Statistics.DiskBytes + at : store.Statistics.DiskBytes - await RecordBytesAsync(store, digest) + at);
            await using BlobReader? reader = await store.OpenReadAsync(digest, 0, StoreFolder.Token);

            await Assert.ThrowsAsync<BlobCorruptException>(() => ReadAsync(asFrames ? reader!.ReadZstdAsync : reader!.ReadAsync, 100_000));

            Assert.False(await store.HasAsync(digest));
            Assert.Equal(1, store.Statistics.DamagedRecords);
        }
    }

    [Fact]
    public async Task A_value_in_use_is_moved_as_it_is_when_its_segment_is_evicted()
    {
        await using SegmentStore store = await OpenAsync(maxBytes: 4 << 20, segmentBytes: 1 << 20);
        byte[] content = Text(1, 600_000);
        Digest digest = await store.PutAsync(content);
        byte[] frames = await FramesAsync(store, digest);

        for (int i = 10; store.Statistics.EvictedBytes < 8 << 20; i++)
        {
            Assert.True(await store.HasAsync(digest));
            await store.PutAsync(StoreFolder.Content(i, 100_000));
        }

        Assert.NotEqual(0, store.Statistics.MovedBlobs);
        Assert.Equal(frames, await FramesAsync(store, digest));
        Assert.Equal(content, await store.GetAsync(digest));
    }

    [Fact]
    public async Task Writers_at_a_time_leave_holes_and_nothing_worse()
    {
        SegmentStore store = await OpenAsync();
        TestBlob[] blobs = [.. Enumerable.Range(0, 8).Select(i => TestBlob.Of(Text(i, 400_000 + i)))];
        BlobWriter[] writers = [.. await Task.WhenAll(blobs.Select(async blob => await store.OpenWriteAsync(blob.Digest, blob.Content.Length, StoreFolder.Token)))];
        for (int start = 0; start < 400_000; start += 50_000)
        {
            foreach ((BlobWriter writer, TestBlob blob) in writers.Zip(blobs))
                await writer.WriteAsync(new ReadOnlySequence<byte>(blob.Content, start, start == 350_000 ? blob.Content.Length - start : 50_000), StoreFolder.Token);
        }

        for (int i = 0; i < writers.Length; i++)
        {
            if (i != 3)
                await writers[i].CommitAsync(StoreFolder.Token);
            await writers[i].DisposeAsync();
        }

        await store.CrashAsync();
        store = await OpenAsync();

        Assert.Equal([blobs[3].Digest], await store.FindMissingAsync([.. blobs.Select(blob => blob.Digest)], StoreFolder.Token));
        foreach (TestBlob blob in blobs.Where(blob => blob != blobs[3]))
            Assert.Equal(blob.Content, await store.GetAsync(blob.Digest));
        Assert.Equal(0, store.Statistics.DamagedRecords);
        await store.DisposeAsync();
        SegmentCheckReport report = await SegmentCheck.RunAsync(folder.Path, repair: false, NullLogger.Instance, new Progress<long>(), StoreFolder.Token);
        Assert.True(report.IsGood);
    }

    private static async Task CloseAsync(SegmentStore store, bool cleanly)
    {
        if (cleanly)
            await store.DisposeAsync();
        else
            await store.CrashAsync();
    }

    private static async Task<byte[]> FramesAsync(SegmentStore store, Digest digest)
    {
        await using BlobReader? reader = await store.OpenReadAsync(digest, 0, StoreFolder.Token);
        byte[] frames = await ReadAsync(reader!.ReadZstdAsync, 10_001);
        Assert.Equal(frames.Length, reader.ZstdLength);
        return frames;
    }

    private static async Task<long> RecordBytesAsync(SegmentStore store, Digest digest) =>
        RecordHeader.RecordLengthFor(RecordHeader.LengthFor(digest), CompressedValue.PrefixBytes + (await FramesAsync(store, digest)).Length);

    private static async Task<byte[]> ReadAsync(Func<Memory<byte>, CancellationToken, ValueTask<int>> read, int bufferLength)
    {
        var content = new ArrayBufferWriter<byte>();
        var buffer = new byte[bufferLength];
        for (int count; (count = await read(buffer, StoreFolder.Token)) > 0;)
            content.Write(buffer.AsSpan(0, count));
        return content.WrittenSpan.ToArray();
    }

    /// <summary>Content that shrinks to less than half.</summary>
    private static byte[] Text(int seed, int length)
    {
        var random = new Random(seed);
        byte[][] words = [.. Enumerable.Range(0, 100).Select(_ => TestBlob.Random(random.Next(), random.Next(3, 12)).Content)];
        var text = new List<byte>(length + 12);
        while (text.Count < length)
            text.AddRange(words[random.Next(words.Length)]);
        return [.. text[..length]];
    }

    private static void Flip(string path, long at)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        stream.Position = at;
        int value = stream.ReadByte();
        stream.Position = at;
        stream.WriteByte((byte)(value ^ 0x40));
    }

    private ValueTask<SegmentStore> OpenAsync(long maxBytes = 64 << 20, long segmentBytes = 0, SegmentCompression compression = SegmentCompression.Zstd) =>
        SegmentStore.OpenAsync(folder.Options(maxBytes, segmentBytes) with { Compression = compression }, NullLogger.Instance, TimeProvider.System, StoreFolder.Token);
}
