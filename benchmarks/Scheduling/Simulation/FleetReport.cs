using System.Globalization;
using System.Text;

namespace RemoteExec.Benchmarks.Scheduling.Simulation;

/// <summary>What came of a simulation, for people.</summary>
internal static class FleetReport
{
    private const int Columns = 60;
    private const int Rows = 8;
    private static readonly char[] blocks = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

    /// <summary>Runs a simulation and prints it; <c>--workers N --actions N --seed N</c>.</summary>
    public static int Run(string[] flags)
    {
        var fleet = new FleetOptions();
        for (int i = 0; i + 1 < flags.Length; i += 2)
        {
            int value = int.Parse(flags[i + 1], CultureInfo.InvariantCulture);
            fleet = flags[i] switch
            {
                "--workers" => fleet with { Workers = value },
                "--actions" => fleet with { Actions = value },
                "--seed" => fleet with { Seed = value },
                string other => throw new ArgumentException($"{other} is none of --workers, --actions, --seed"),
            };
        }

        Console.Write(ToText(fleet, FleetSimulation.Run(fleet)));
        return 0;
    }

    /// <summary>The figures and plots.</summary>
    public static string ToText(FleetOptions fleet, FleetResult result)
    {
        var text = new StringBuilder();
        double busiest = result.Busy / (fleet.Workers * result.Length.TotalSeconds);
        Line($"{fleet.Workers:N0} workers, {fleet.Actions:N0} actions in {fleet.Builds} builds; {result.Length.TotalMinutes:0.0} minutes, workers busy {busiest:P0} of it");
        Line($"{result.Attempts:N0} attempts; {result.Vanished} workers vanished, {result.LateResults} results came late and counted, {result.Quarantines} quarantines, {fleet.FailOvers.Count} fail-overs");
        Line($"stored {result.Stored:N0}, twice {result.StoredTwice}; failed {result.Builds.Sum(build => build.Failed)}; {(double)result.Local / result.Attempts:P0} of the attempts where some of the inputs were");
        Line($"scheduler: {result.Events:N0} events in {result.SchedulerSeconds:0.0} s of a core, {result.Attempts / result.SchedulerSeconds:N0} attempts a second");
        Line($"");
        Plot("waiting", [.. result.Samples.Select(sample => (double)sample.Queued)]);
        for (int tenant = 0; tenant < FleetSimulation.Tenants.Count; tenant++)
            Plot($"running for {FleetSimulation.Tenants[tenant]}", [.. result.Samples.Select(sample => (double)sample.RunningOfTenants[tenant])]);
        Line($"times as long as alone, by size of the build:");
        foreach (IGrouping<int, SimulatedBuild> group in result.Builds.GroupBy(build => (int)Math.Log10(build.Actions)).OrderBy(group => group.Key))
        {
            double[] slowdowns = [.. group.Select(build => build.Slowdown(fleet.Workers)).Order()];
            Line($"  {Math.Pow(10, group.Key),7:N0} to {Math.Pow(10, group.Key + 1),9:N0} actions: {group.Count(),4} builds, median {slowdowns[slowdowns.Length / 2],5:0.0}, worst {slowdowns[^1],5:0.0}");
        }

        return text.ToString();

        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture).TrimEnd());

        void Plot(string title, double[] values)
        {
            double[] columns = [.. Enumerable.Range(0, Columns).Select(i => values[Math.Min(values.Length - 1, i * values.Length / Columns)])];
            double most = Math.Max(columns.Max(), 1);
            Line($"{title}, up to {most:N0}");
            for (int row = Rows - 1; row >= 0; row--)
                Line($"  │{string.Concat(columns.Select(value => blocks[(int)Math.Clamp(((value / most * Rows) - row) * 8, 0, 8)]))}");
            Line($"  └{new string('─', Columns)} {result.Length.TotalMinutes:0.0} min");
        }
    }
}
