using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace RemoteExec.Benchmarks.Soak;

/// <summary>
/// A real server that is too small for what its clients upload, and is killed or stopped now and then: for minutes or days. What was found has to be readable, every byte has to be
/// right, nothing acknowledged may be lost by a kill, and neither memory nor open files may grow beyond a bound. Ends with 1 if anything of that is not so.
/// </summary>
internal static class SoakRun
{
    private const int Clients = 6;
    private const long MostMemory = 1L << 30;
    private const int MostFiles = 600;
    private static readonly TimeSpan interval = TimeSpan.FromMilliseconds(500);

    /// <summary>Runs it.</summary>
    /// <param name="args">The server's program; how many minutes, 1 by default; <c>--json</c>.</param>
    public static async Task<int> RunAsync(string[] args)
    {
        bool asJson = args.Contains("--json");
        string[] words = [.. args.Where(arg => arg != "--json")];
        TimeSpan time = TimeSpan.FromMinutes(words.Length > 1 ? double.Parse(words[1], CultureInfo.InvariantCulture) : 1);
        DirectoryInfo data = Directory.CreateDirectory(Path.GetFullPath(Path.Combine("artifacts", "bench", $"soak-{Environment.ProcessId}")));
        var tally = new SoakTally();
        int kills = 0;
        try
        {
            await using var server = new SoakServer(words[0], data.FullName, "512MiB");
            await server.StartAsync();
            using var stop = new CancellationTokenSource();
            var recent = new ConcurrentQueue<int>();
            SoakClient[] clients = [.. Enumerable.Range(1, Clients).Select(seed => new SoakClient(server, tally, recent, seed))];
            Task[] running = [.. clients.Select(client => Task.Run(() => client.RunAsync(stop.Token)))];
            kills = await WatchAsync(server, clients[0], tally, recent, running, time);
            await stop.CancelAsync();
            await Task.WhenAll(running);
            foreach (SoakClient client in clients)
                await client.DisposeAsync();
            if (tally.Most.Memory > MostMemory)
                tally.Wrong($"the server took {tally.Most.Memory >> 20} MiB, more than {MostMemory >> 20}");
            if (tally.Most.Files > MostFiles)
                tally.Wrong($"the server had {tally.Most.Files} files open, more than {MostFiles}");
            await server.StopAsync();
            tally.Report(server, kills, time, asJson);
        }
        finally
        {
            data.Delete(recursive: true);
        }

        return tally.Wrongs.Count == 0 ? 0 : 1;
    }

    /// <summary>Measures the server, and ends and starts it again now and then; returns how often it was killed.</summary>
    private static async Task<int> WatchAsync(SoakServer server, SoakClient client, SoakTally tally, ConcurrentQueue<int> recent, Task[] running, TimeSpan time)
    {
        var random = new Random(1);
        var watch = Stopwatch.StartNew();
        int kills = 0;
        TimeSpan nextEnd = NextEnd(random, watch);
        using var ticks = new PeriodicTimer(interval);
        while (watch.Elapsed < time && await ticks.WaitForNextTickAsync())
        {
            if (Array.Find(running, task => task.IsFaulted) is { } failed)
                await failed;
            if (server.Measure() is { } taken)
                tally.Took(taken.Memory, taken.Files);
            Show(watch.Elapsed / time, tally, kills);
            if (watch.Elapsed < nextEnd)
                continue;
            int[] acknowledged = [.. recent];
            bool isKill = random.Next(4) > 0;
            if (isKill)
            {
                kills++;
                await server.KillAsync();
            }
            else
            {
                await server.StopAsync();
            }

            await server.StartAsync();
            await client.CheckAsync(acknowledged, $"after {(isKill ? "a kill" : "a stop")}");
            nextEnd = NextEnd(random, watch);
        }

        if (!Console.IsErrorRedirected)
            Console.Error.WriteLine();
        return kills;
    }

    private static TimeSpan NextEnd(Random random, Stopwatch watch) => watch.Elapsed + TimeSpan.FromSeconds(2 + (random.NextDouble() * 18));

    private static void Show(double share, SoakTally tally, int kills)
    {
        if (Console.IsErrorRedirected)
            return;
        int filled = (int)(Math.Min(share, 1) * 40);
        Console.Error.Write($"\r[{new string('#', filled)}{new string('.', 40 - filled)}] {share:P0}  {tally.Done} calls, {kills} kills, {tally.Wrongs.Count} wrongs ");
    }
}
