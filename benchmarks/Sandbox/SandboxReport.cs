using System.Globalization;

namespace RemoteExec.Benchmarks.Sandbox;

/// <summary>
/// What isolation costs: a command that does nothing, started in each tier, beside a plain process and bwrap; a compilation that reads a hundred of ten thousand headers, beside the same in a
/// plain directory; one that is audited, beside one that is not; and a command in a root file system of its own, beside chroot. All ways take turns, so that they share whatever else the machine does. As root.
/// </summary>
internal static class SandboxReport
{
    private const int DefaultRounds = 200;
    private const int CompileRounds = 40, ImageRounds = 30, AuditRounds = 60;

    /// <summary>Measures, and prints tables; <c>--rounds N</c>.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        int rounds = arguments.SkipWhile(argument => argument != "--rounds").Skip(1).FirstOrDefault() is { } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : DefaultRounds;
        await using Tiers tiers = await Tiers.MakeAsync(Path.GetFullPath(Path.Combine("artifacts", "bench", "sandbox")));

        Print("a command that does nothing, from start to end; ms", await MeasureAsync(tiers.Launches(), rounds));
        Print("gcc -c, which reads 100 of 10,000 headers, with the input root; ms", await MeasureAsync(await tiers.CompilationsAsync(), CompileRounds));
        Print("gcc -c with the machine's headers, audited and not; ms", await MeasureAsync(tiers.Audits(), AuditRounds));
        Print("a shell that starts 100 programs, in a file system of its own; ms", await MeasureAsync(await tiers.ImagesAsync(), ImageRounds));
        return 0;
    }

    private static async Task<List<(string Name, List<double> Times)>> MeasureAsync(IReadOnlyList<(string Name, Func<Task<TimeSpan>> Run)> ways, int rounds)
    {
        List<(string Name, List<double> Times)> times = [.. ways.Select(way => (way.Name, new List<double>()))];
        for (int round = -10; round < rounds; round++)
        {
            for (int way = 0; way < ways.Count; way++)
            {
                TimeSpan time = await ways[way].Run();
                if (round >= 0) // what comes before fills caches and compiles
                    times[way].Times.Add(time.TotalMilliseconds);
            }
        }

        return times;
    }

    // Each as a part of the first.
    private static void Print(string title, List<(string Name, List<double> Times)> ways)
    {
        Console.WriteLine();
        Console.WriteLine(title);
        Console.WriteLine($"{"",-40} {"p10",9} {"p50",9} {"p10",8} {"p50",8}");
        (double low, double middle) = Percentiles(ways[0].Times);
        foreach ((string name, List<double> times) in ways)
        {
            (double ownLow, double ownMiddle) = Percentiles(times);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-40} {ownLow,9:0.00} {ownMiddle,9:0.00} {ownLow / low,8:0.00} {ownMiddle / middle,8:0.00}"));
        }
    }

    private static (double Low, double Middle) Percentiles(List<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[sorted.Length / 10], sorted[sorted.Length / 2]);
    }
}
