using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;
using RemoteExec.Worker.Outputs;

namespace RemoteExec.Benchmarks.Outputs;

/// <summary>
/// What it takes to take outputs into the store of the same machine, beside hashing them alone: few large files, and many small ones. All ways take turns, so that they share
/// whatever else the machine does.
/// </summary>
internal static class OutputReport
{
    private const int DefaultRounds = 15;
    private static readonly Digest action = EmptyBlob.DigestOf(default, DigestFunction.Sha256);

    /// <summary>Measures, and prints a table; <c>--rounds N</c>.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        int rounds = arguments.SkipWhile(argument => argument != "--rounds").Skip(1).FirstOrDefault() is { } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : DefaultRounds;
        string directory = Path.GetFullPath(Path.Combine("artifacts", "bench", $"outputs-{Environment.ProcessId}"));
        try
        {
            Console.WriteLine("taking outputs in; ms, and as a part of hashing them alone");
            Console.WriteLine($"{"",-42} {"p10",9} {"p50",9} {"p10",8} {"p50",8}");
            foreach ((int count, int length) in ((int, int)[])[(1, 256 << 20), (64, 4 << 20), (10_000, 4 << 10)])
                await MeasureAsync(directory, new OutputFiles(Path.Combine(directory, $"files-{count}"), count, length), rounds);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }

        return 0;
    }

    private static async Task MeasureAsync(string directory, OutputFiles files, int rounds)
    {
        files.Make();
        string[] names = ["hashed", "taken in", "taken in and verified", "found to be there"];
        List<double>[] times = [.. names.Select(_ => new List<double>())];
        for (int round = -2; round < rounds; round++)
        {
            string path = Path.Combine(directory, "store");
            await using (SegmentStore media = await SegmentStore.OpenAsync(
                new SegmentStoreOptions { Path = path, MaxBytes = 4L << 30 }, NullLogger.Instance, TimeProvider.System, CancellationToken.None))
            {
                IBlobStore trusting = new EmptyBlobStore(media), verifying = new EmptyBlobStore(new VerifyingStore(media));
                Func<Task>[] ways =
                [
                    () => TakeAsync(files, trusting, uploads: false),
                    () => TakeAsync(files, trusting, uploads: true),
                    () => TakeAsync(files, verifying, uploads: true),
                    () => TakeAsync(files, verifying, uploads: true),
                ];
                for (int way = 0; way < names.Length; way++)
                {
                    if (way < names.Length - 1)
                        files.Change();
                    long start = Stopwatch.GetTimestamp();
                    await ways[way]();
                    if (round >= 0) // what comes before fills the caches
                        times[way].Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                }
            }

            Directory.Delete(path, recursive: true);
        }

        double[] reference = Percentiles(times[0]);
        for (int way = 0; way < names.Length; way++)
        {
            double[] found = Percentiles(times[way]);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{$"{files.Name}, {names[way]}",-42} {found[0],9:0.0} {found[1],9:0.0} {found[0] / reference[0],8:0.00} {found[1] / reference[1],8:0.00}"));
        }
    }

    private static async Task TakeAsync(OutputFiles files, IBlobStore store, bool uploads)
    {
        var blobs = new OutputBlobs(store, action);
        await blobs.AddFilesAsync(files.Nodes, CancellationToken.None);
        if (uploads)
            await blobs.UploadAsync(CancellationToken.None);
    }

    private static double[] Percentiles(List<double> values)
    {
        values.Sort();
        return [values[values.Count / 10], values[values.Count / 2]];
    }
}
