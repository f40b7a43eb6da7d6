using System.Diagnostics;
using System.Globalization;
using RemoteExec.Worker;
using RemoteExec.Worker.Inputs;

namespace RemoteExec.Benchmarks.Inputs;

/// <summary>
/// What it takes to set an action's input root up and to take it down, beside <c>cp -al</c> of the same tree. All ways take turns, so that they share
/// whatever else the machine does. With mounts, which need a mount namespace that may be mounted in, layers are mounted as well.
/// </summary>
internal static class InputRootReport
{
    private const int DefaultRounds = 15;
    private const int Small = 10_000;
    private const int Large = 50_000;
    private const int FewAtTop = 10;
    private const int ManyAtTop = 1000; // too many to link them each time

    /// <summary>Measures, and prints a table; <c>--rounds N</c>, <c>--mounts</c>.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        int rounds = arguments.SkipWhile(argument => argument != "--rounds").Skip(1).FirstOrDefault() is { } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : DefaultRounds;
        bool mounts = arguments.Contains("--mounts");
        string directory = Path.GetFullPath(Path.Combine("artifacts", "bench", "inputs"));
        await using SampleRoots roots = await SampleRoots.MakeAsync(directory);
        (SampleRoot small, SampleRoot large) = (await roots.AddAsync(Small, FewAtTop), await roots.AddAsync(Large, FewAtTop));
        (SampleRoot flatSmall, SampleRoot flatLarge) = (await roots.AddAsync(Small, ManyAtTop), await roots.AddAsync(Large, ManyAtTop));
        (string Name, Func<Task> Run)[] ways =
        [
            ("cp -al, 10k files", () => roots.CopyLinksAsync(small)),
            ("all hardlinks, 10k files", () => roots.MaterialiseAsync(small)),
            ("cached, subtrees bound, 10k files", () => UseAsync(roots, small.NewOutput, mounts)),
            ("cached, subtrees bound, 50k files", () => UseAsync(roots, large.NewOutput, mounts)),
            ("cached, one tree, 10k files", () => UseAsync(roots, flatSmall.KnownOutput, mounts)),
            ("cached, one tree, 50k files", () => UseAsync(roots, flatLarge.KnownOutput, mounts)),
        ];

        var times = ways.ToDictionary(way => way.Name, _ => new List<double>());
        for (int round = -2; round < rounds; round++)
        {
            foreach ((string name, Func<Task> run) in ways)
            {
                await roots.SettleAsync();
                long start = Stopwatch.GetTimestamp();
                await run();
                if (round >= 0) // what comes before fills the caches
                    times[name].Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
        }

        Print(ways.Select(way => way.Name), times, mounts);
        return 0;
    }

    private static async Task UseAsync(SampleRoots roots, ActionLease lease, bool mounts)
    {
        await using InputLayer layer = await roots.LayerAsync(lease);
        if (mounts)
            roots.MountAndUnmount(layer);
    }

    private static void Print(IEnumerable<string> names, Dictionary<string, List<double>> times, bool mounts)
    {
        double[] reference = Percentiles(times.First().Value);
        Console.WriteLine($"set up{(mounts ? ", mount, unmount" : "")} and take down; ms, and as a part of cp -al");
        Console.WriteLine($"{"",-36} {"p10",9} {"p50",9} {"p10",8} {"p50",8}");
        foreach (string name in names)
        {
            double[] found = Percentiles(times[name]);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-36} {found[0],9:0.00} {found[1],9:0.00} {found[0] / reference[0],8:0.0000} {found[1] / reference[1],8:0.0000}"));
        }
    }

    private static double[] Percentiles(List<double> values)
    {
        values.Sort();
        return [values[values.Count / 10], values[values.Count / 2]];
    }
}
