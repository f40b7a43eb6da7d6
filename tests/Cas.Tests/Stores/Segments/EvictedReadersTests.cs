using System.Collections.Concurrent;
using RemoteExec.Cas.Builds;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Stores.Segments;

/// <summary>Many readers at a time, each of which outlives the segment that it reads from.</summary>
public sealed class EvictedReadersTests : IDisposable
{
    private const int SegmentBytes = 256 << 10;
    private const int MaxBytes = 8 * SegmentBytes;
    private const int Readers = 6;
    private const int Reads = 25;

    private readonly StoreFolder folder = new(inMemory: true);
    private readonly ConcurrentQueue<TestBlob> written = new();
    private volatile bool isOver;
    private int seed;

    public void Dispose() => folder.Dispose();

    [Theory]
    [Rule("CAS-04")]
    [InlineData(false)]
    [InlineData(true)] // what is read is moved again and again as well, instead of dropped
    public async Task Whoever_has_opened_a_blob_reads_it_to_the_end_and_right_while_everything_is_evicted(bool isKeptForBuilds)
    {
        LiveBuilds builds = isKeptForBuilds ? new LiveBuilds(TimeSpan.FromHours(1), TimeProvider.System) : LiveBuilds.None;
        LiveBuild? build = builds.Enter("reading");
        await using SegmentStore store = await SegmentStore.OpenAsync(
            folder.Options(MaxBytes, SegmentBytes), builds, new RecordingLogger(), TimeProvider.System, StoreFolder.Token);
        Task[] writers = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(() => WriteAsync(store)))];

        try
        {
            await Task.WhenAll(Enumerable.Range(0, Readers).Select(number => Task.Run(() => ReadAsync(store, new Random(number)))));
        }
        finally
        {
            isOver = true;
            await Task.WhenAll(writers);
            builds.Leave(build);
        }

        Assert.True(store.Statistics.EvictedBytes > 10 * MaxBytes);
        Assert.Equal(0, store.Statistics.DamagedRecords);
        Assert.True(folder.Bytes() <= MaxBytes + SegmentBytes);
    }

    private async Task WriteAsync(SegmentStore store)
    {
        while (!isOver)
        {
            int number = Interlocked.Increment(ref seed);
            TestBlob blob = TestBlob.Random(number, number % 41 == 0 ? 300_000 : number % 5 == 0 ? 40_000 : 1 + (number * 7 % 9000));
            await store.WriteAllAsync(blob.Digest, blob.Content, StoreFolder.Token);
            written.Enqueue(blob);
            while (written.Count > 50)
                written.TryDequeue(out _);
        }
    }

    private async Task ReadAsync(SegmentStore store, Random random)
    {
        for (int finished = 0; finished < Reads;)
        {
            if (written.ToArray() is not { Length: > 0 } candidates)
            {
                await Task.Yield();
                continue;
            }

            TestBlob blob = candidates[random.Next(candidates.Length)];
            int offset = random.Next(3) == 0 ? random.Next(blob.Content.Length) : 0;
            await using BlobReader? reader = await store.OpenReadAsync(blob.Digest, offset, StoreFolder.Token);
            if (reader is null)
                continue; // gone by now
            var content = new byte[blob.Content.Length - offset];
            int filled = await reader.ReadAsync(content.AsMemory(0, content.Length / 3), StoreFolder.Token);
            long evicted = store.Statistics.EvictedBytes;
            while (store.Statistics.EvictedBytes < evicted + (MaxBytes * 5 / 4))
                await Task.Yield();

            for (int read = 1; read > 0; filled += read)
                read = await reader.ReadAsync(content.AsMemory(filled, Math.Min(content.Length - filled, 1 + random.Next(20_000))), StoreFolder.Token);
            Assert.Equal(content.Length, filled);
            Assert.True(content.AsSpan().SequenceEqual(blob.Content.AsSpan(offset)), $"{blob.Digest} from {offset} on is wrong");
            finished++;
        }
    }
}
