using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Cas.Chunking;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;
using ChunkingFunction = Build.Bazel.Remote.Execution.V2.ChunkingFunction.Types.Value;

namespace RemoteExec.Benchmarks.Storage;

/// <summary>
/// Two builds of a binary that differ in a hundredth, which is spread over a number of places, in each of which something is inserted, removed or replaced: how much of the second
/// a disk store has from the first, and what splitting, splicing, looking up and reading take.
/// </summary>
internal static class ChunkShare
{
    private const int BuildBytes = 200 * 1000 * 1000;
    private const int Changed = 100; // one byte of so many

    /// <summary>Measures each chunking function over several numbers of places.</summary>
    public static async Task<int> RunAsync()
    {
        Console.WriteLine("function      places   shared   chunks   split CPU s/GiB   splice CPU s/GiB   look-up us   read CPU s/GiB (whole copy)");
        foreach (ChunkingFunction function in (ChunkingFunction[])[ChunkingFunction.FastCdc2020, ChunkingFunction.RepMaxCdc])
        {
            foreach (int places in (int[])[10, 25, 50, 100, 200])
                await MeasureAsync(function, places);
        }

        return 0;
    }

    private static async Task MeasureAsync(ChunkingFunction function, int places)
    {
        DirectoryInfo directory = Directory.CreateDirectory(Path.Combine("artifacts", "bench", $"chunks-{Environment.ProcessId}"));
        try
        {
            await using SegmentStore media = await SegmentStore.OpenAsync(
                new SegmentStoreOptions { Path = directory.FullName, MaxBytes = 8L << 30 }, NullLogger.Instance, TimeProvider.System, CancellationToken.None);
            var store = new ChunkedStore(media);
            var chunks = new BlobChunks(new VerifyingStore(store), store);
            (byte[] first, byte[] second) = Builds(places);
            Digest one = IncrementalHasher.Compute(default, DigestFunction.Sha256, first), two = IncrementalHasher.Compute(default, DigestFunction.Sha256, second);
            await store.WriteAllAsync(one, first, CancellationToken.None);
            await store.WriteAllAsync(two, second, CancellationToken.None);
            double readWhole = await PerGiBAsync(one, () => ReadAsync(store, one));

            Recipe? before = null, after = null;
            double split = await PerGiBAsync(one, async () => before = await chunks.SplitAsync(one, function, CancellationToken.None));
            long had = media.Statistics.DiskBytes;
            after = await chunks.SplitAsync(two, function, CancellationToken.None);
            long added = media.Statistics.DiskBytes - had;
            double readChunks = await PerGiBAsync(one, () => ReadAsync(store, one));

            // A blob that is not there, of chunks that are.
            byte[] spliced = [.. first, 1];
            Digest three = IncrementalHasher.Compute(default, DigestFunction.Sha256, spliced), last = three.SiblingOf([1]);
            await store.WriteAllAsync(last, new byte[] { 1 }, CancellationToken.None);
            double splice = await PerGiBAsync(three, async () => await chunks.SpliceAsync(three, [.. before!.Chunks, last], CancellationToken.None));

            const int LookUps = 1000;
            long started = Stopwatch.GetTimestamp();
            for (int i = 0; i < LookUps; i++)
                await store.ContainsAsync(two, CancellationToken.None);
            double lookUp = Stopwatch.GetElapsedTime(started).TotalMicroseconds / LookUps;
            Console.WriteLine($"{function,-12} {places,7} {1 - (added / (double)second.Length),8:P1} {after!.Chunks.Count,8} {split,17:F2} {splice,18:F2} {lookUp,12:F0} {readChunks,8:F2} ({readWhole:F2})");
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task<double> PerGiBAsync(Digest digest, Func<Task> measured)
    {
        TimeSpan before = Environment.CpuUsage.TotalTime;
        await measured();
        return (Environment.CpuUsage.TotalTime - before).TotalSeconds / digest.SizeBytes * (1L << 30);
    }

    private static async Task ReadAsync(IBlobStore store, Digest digest)
    {
        await using BlobReader reader = await store.OpenReadAsync(digest, 0, CancellationToken.None) ?? throw new InvalidOperationException("the blob is gone");
        var buffer = new byte[64 * 1024];
        while (await reader.ReadAsync(buffer, CancellationToken.None) > 0)
        {
        }
    }

    private static (byte[] First, byte[] Second) Builds(int places)
    {
        var random = new Random(1);
        var first = new byte[BuildBytes];
        random.NextBytes(first);
        int distance = BuildBytes / places, piece = BuildBytes / Changed / places;
        var fresh = new byte[piece];
        using var second = new MemoryStream(BuildBytes * 2);
        for (int i = 0; i < places; i++)
        {
            int from = i * distance, at = from + random.Next(distance - piece), to = i == places - 1 ? BuildBytes : from + distance;
            second.Write(first, from, at - from);
            random.NextBytes(fresh);
            if (i % 3 != 1)
                second.Write(fresh);
            int rest = i % 3 == 0 ? at : at + piece;
            second.Write(first, rest, to - rest);
        }

        return (first, second.ToArray());
    }
}
