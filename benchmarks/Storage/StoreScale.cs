using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;

namespace RemoteExec.Benchmarks.Storage;

/// <summary>
/// A disk store with many tiny blobs: what filling it takes, its memory for each, how quickly it opens after a clean stop and after a kill, and look-ups. Each step is
/// a process of its own, so that none has what another left in memory; what is on the disk is warm in the system's cache.
/// </summary>
internal static class StoreScale
{
    private const int LookUps = 10_000;
    private const int Batches = 200;

    /// <summary>Runs all steps, or in a child process one of them.</summary>
    /// <param name="args">How many blobs (10,000,000 by default); for a child the directory and the step as well.</param>
    public static async Task<int> RunAsync(string[] args)
    {
        int blobs = args.Length > 0 ? int.Parse(args[0], NumberStyles.AllowThousands, CultureInfo.InvariantCulture) : 10_000_000;
        if (args.Length > 1)
        {
            await RunStepAsync(args[1], blobs, args[2]);
            return 0;
        }

        DirectoryInfo directory = Directory.CreateDirectory(Path.Combine("artifacts", "bench", $"store-{Environment.ProcessId}"));
        try
        {
            foreach (string step in (string[])["fill", "open", "kill", "open"])
            {
                using Process child = Process.Start(Environment.ProcessPath!, ["store", blobs.ToString(CultureInfo.InvariantCulture), directory.FullName, step]);
                await child.WaitForExitAsync();
                if (child.ExitCode != 0 && step != "kill")
                    return 1;
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }

        return 0;
    }

    private static async Task RunStepAsync(string directory, int blobs, string step)
    {
        long memory = Environment.WorkingSet;
        var watch = Stopwatch.StartNew();
        SegmentStore store = await SegmentStore.OpenAsync(
            new SegmentStoreOptions { Path = directory, MaxBytes = 64L << 30 }, NullLogger.Instance, TimeProvider.System, CancellationToken.None);
        SegmentStoreStatistics found = store.Statistics;
        switch (step)
        {
            case "fill":
                await WriteAsync(store, 0, blobs);
                Console.WriteLine($"filled with {blobs} blobs in {watch.Elapsed.TotalSeconds:F1} s; index {store.Statistics.IndexBytes / (double)blobs:F1} bytes a blob, "
                    + $"process {(Environment.WorkingSet - memory) / (double)blobs:F1} bytes a blob");
                break;
            case "kill":
                await WriteAsync(store, blobs, blobs / 10);
                Console.WriteLine($"wrote {blobs / 10} more, killed");
                Process.GetCurrentProcess().Kill();
                break;
            default:
                Console.WriteLine($"opened {found.Blobs} blobs in {watch.Elapsed.TotalMilliseconds:F0} ms, {found.RecoveredRecords} of them read back; CPU "
                    + $"{Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds:F2} s since the process began");
                Console.WriteLine($"looked up {LookUps} at a time in {await LookUpAsync(store, blobs):F2} ms (the quickest of {Batches})");
                break;
        }

        await store.DisposeAsync();
    }

    private static async Task WriteAsync(SegmentStore store, int first, int count)
    {
        var content = new byte[sizeof(long)];
        for (int i = first; i < first + count; i++)
            await store.WriteAllAsync(Fill(content, i), content, CancellationToken.None);
    }

    private static async Task<double> LookUpAsync(SegmentStore store, int blobs)
    {
        var random = new Random(1);
        var content = new byte[sizeof(long)];
        double quickest = double.MaxValue;
        for (int batch = 0; batch < Batches; batch++)
        {
            Digest[] digests = [.. Enumerable.Range(0, LookUps).Select(_ => Fill(content, random.Next(blobs)))];
            long started = Stopwatch.GetTimestamp();
            if ((await store.FindMissingAsync(digests, CancellationToken.None)).Count > 0)
                throw new InvalidOperationException("the store has lost blobs");
            quickest = Math.Min(quickest, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        return quickest;
    }

    private static Digest Fill(byte[] content, int number)
    {
        BinaryPrimitives.WriteInt64LittleEndian(content, number);
        return IncrementalHasher.Compute(default, DigestFunction.Sha256, content);
    }
}
