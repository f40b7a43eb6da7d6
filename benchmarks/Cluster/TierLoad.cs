using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using RemoteExec.Benchmarks.Uploads;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Benchmarks.Cluster;

/// <summary>What it costs to read blobs of which only the bucket has a copy, beside reading them from the disk before it: a client reads all, with the disk as it was written, and with an empty one.</summary>
internal static class TierLoad
{
    private const int WarmUp = 1_000_000_000; // other content
    private static readonly (string Name, int Bytes, int Count)[] sizes = [("4 KiB", 4 << 10, 5_000), ("256 KiB", 256 << 10, 400), ("8 MiB", 8 << 20, 20)];

    /// <summary>Runs it. Needs a bucket: the arguments are the server, its endpoint and its name, and perhaps <c>--json</c>; the login is taken from the environment.</summary>
    public static async Task<int> RunAsync(string program, string endpoint, string bucket, string[] flags)
    {
        string directory = Path.Combine(Path.GetFullPath("artifacts"), "bench", $"tiers-{Environment.ProcessId}");
        Directory.CreateDirectory(directory);
        string[] settings =
        [
            "--set",
            $$"""cas.store={ fastSlow: { fast: { segments: { path: {{directory}}/disk, maxBytes: 2GiB } }, slow: { s3: { bucket: {{bucket}}, prefix: bench-{{Environment.ProcessId}}/, path: {{directory}}/s3, endpoint: "{{endpoint}}", pathStyle: true, sealAfter: 1s } } } }""",
        ];
        try
        {
            TimeSpan[] warm;
            await using (MeasuredServer server = await MeasuredServer.StartAsync(program, settings))
            {
                await using var channel = new RpcChannel(RpcAddress.Parse($"grpc://{server.Grpc}"));
                var store = new RemoteStore(channel, TimeSpan.Zero, TimeProvider.System);
                foreach ((_, int bytes, int count) in sizes)
                {
                    await ForEachAsync(bytes, count, 0, (digest, content, token) => store.WriteAllAsync(digest, content, token));
                    await ForEachAsync(bytes, count, WarmUp, (digest, content, token) => store.WriteAllAsync(digest, content, token));
                }

                while (Directory.EnumerateFiles(Path.Combine(directory, "s3", "spool")).Any())
                    await Task.Delay(100);
                await ReadAsync(store, WarmUp);
                warm = await ReadAsync(store, 0);
            }

            Directory.Delete(Path.Combine(directory, "disk"), recursive: true);
            await using MeasuredServer cold = await MeasuredServer.StartAsync(program, settings);
            await using var coldChannel = new RpcChannel(RpcAddress.Parse($"grpc://{cold.Grpc}"));
            var coldStore = new RemoteStore(coldChannel, TimeSpan.Zero, TimeProvider.System);
            await ReadAsync(coldStore, WarmUp); // the program itself gets warm by other blobs
            TimeSpan[] first = await ReadAsync(coldStore, 0), second = await ReadAsync(coldStore, 0);
            Report(warm, first, second, flags.Contains("--json"));
            return 0;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<TimeSpan[]> ReadAsync(RemoteStore store, int seed)
    {
        var times = new TimeSpan[sizes.Length];
        for (int i = 0; i < sizes.Length; i++)
        {
            long began = Stopwatch.GetTimestamp();
            await ForEachAsync(sizes[i].Bytes, sizes[i].Count, seed, async (digest, content, token) =>
            {
                byte[]? read = await store.ReadAllAsync(digest, content.Length, token);
                if (read is null || !read.AsSpan().SequenceEqual(content))
                    throw new InvalidOperationException("something else was read than was written");
            });
            times[i] = Stopwatch.GetElapsedTime(began);
        }

        return times;
    }

    private static Task ForEachAsync(int bytes, int count, int seed, Func<Digest, byte[], CancellationToken, ValueTask> step) =>
        Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, token) =>
        {
            var content = new byte[bytes];
            new Random(seed + bytes + i).NextBytes(content);
            await step(IncrementalHasher.Compute(default, DigestFunction.Sha256, content), content, token);
        });

    private static void Report(TimeSpan[] warm, TimeSpan[] first, TimeSpan[] second, bool asJson)
    {
        if (asJson)
        {
            Console.WriteLine(JsonSerializer.Serialize(sizes.Select((size, i) => new
            {
                size = size.Bytes,
                count = size.Count,
                diskSeconds = warm[i].TotalSeconds,
                bucketSeconds = first[i].TotalSeconds,
                againSeconds = second[i].TotalSeconds,
            })));
            return;
        }

        Console.WriteLine($"{"read",-16} {"disk",9} {"bucket",9} {"ratio",7} {"again",9}");
        for (int i = 0; i < sizes.Length; i++)
        {
            string line = string.Create(
                CultureInfo.InvariantCulture,
                $"{sizes[i].Count + " x " + sizes[i].Name,-16} {warm[i].TotalSeconds,7:N2} s {first[i].TotalSeconds,7:N2} s {first[i] / warm[i],7:N2} {second[i].TotalSeconds,7:N2} s");
            Console.WriteLine(line);
        }
    }
}
