using System.CommandLine;
using System.Globalization;
using RemoteExec.Builds.Records;
using RemoteExec.Builds.Sharing;
using RemoteExec.Server.Api;

namespace RemoteExec.Server.Cli.Builds;

/// <summary><c>remoteexec stats</c>: whether it is worth it.</summary>
internal static class StatsCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec stats
        remoteexec stats --since 30d --by day --tool bazel
        remoteexec stats --since 7d --by day --json
        """;

    private const int BarWidth = 24;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var since = new Option<string>("--since") { HelpName = "TIME", Description = "from then on: 24h, 7d, or 2026-01-31T12:00:00Z", DefaultValueFactory = _ => "24h" };
        var by = new Option<string>("--by") { HelpName = "hour|day", Description = "how to sum it up", DefaultValueFactory = _ => "hour" };
        var tool = new Option<string?>("--tool") { HelpName = "NAME", Description = "of this tool alone, for example bazel" };
        var instance = new Option<string?>("--instance") { HelpName = "NAME", Description = "of this instance alone" };
        var command = new Command("stats", "Shows the hit rate, bytes carried and time saved over some time, in UTC.") { since, by, tool, instance };
        var connection = new ApiConnection(command);
        command.SetAction((result, cancellationToken) =>
        {
            string path = new ApiPath("api/v1/stats").With("since", result.GetValue(since)).With("by", result.GetValue(by)).With("tool", result.GetValue(tool))
                .With("instance", result.GetValue(instance)).ToString();
            return connection.AskAsync(result, terminal, path, ApiJson.Default.BuildStats, stats => Show(stats, result.GetValue(by) == "day", terminal), cancellationToken);
        });
        return command;
    }

    private static void Show(BuildStats stats, bool byDay, Terminal terminal)
    {
        if (stats.Periods.Count == 0)
        {
            terminal.WriteLine("nothing was built in this time: go further back with --since 7d, or build something with the flags that the server has printed", Tone.Faint);
            return;
        }

        long most = stats.Periods.Max(period => period.Sums.Actions);
        var table = new Table(byDay ? "DAY" : "HOUR", ">ACTIONS", "", ">HITS", ">FAILED", ">SENT", ">RECEIVED", ">SAVED", ">EXECUTED");
        foreach (PeriodSums period in stats.Periods)
            table.Add(CellsOf(period.Begin.ToString(byDay ? "yyyy-MM-dd" : "yyyy-MM-dd HH:00", CultureInfo.InvariantCulture), period.Sums, most, terminal));
        if (stats.Periods.Count > 1)
            table.Add(CellsOf("all", stats.Total, 0, terminal));
        table.Write(terminal);
        if (stats.Total.HitsWithoutTime > 0)
            terminal.WriteLine($"{Words.Count(stats.Total.HitsWithoutTime, "hit")} without a known time: nothing of that is in the time saved", Tone.Faint);
        if (stats.DroppedCalls > 0)
            terminal.WriteLine($"{Words.Count(stats.DroppedCalls, "call")} not counted: too many came at a time", Tone.Bad);
        if (stats.DroppedSightings > 0)
            terminal.WriteLine($"{Words.Count(stats.DroppedSightings, "action")} not looked at to explain misses: too many waited", Tone.Bad);
        if (stats.Sharing is { } sharing)
            ShowSharing(sharing, terminal);
    }

    private static void ShowSharing(SharingStatus sharing, Terminal terminal)
    {
        if (sharing.Problem is { } problem)
            terminal.WriteLine($"of this server alone, at the moment: {problem}; what it has to tell others waits", Tone.Bad);
        if (sharing.Dropped > 0)
            terminal.WriteLine($"{Words.Number(sharing.Dropped)} batches of this server will not be seen by others: too many waited for Redis", Tone.Bad);
        if (sharing.Missed > 0)
            terminal.WriteLine($"{Words.Number(sharing.Missed)} batches of other servers are missing here: they were gone before they were read", Tone.Bad);
        if (sharing.Unknown > 0)
            terminal.WriteLine($"{Words.Number(sharing.Unknown)} batches of other servers were passed over: another version has written them", Tone.Bad);
    }

    private static Cell[] CellsOf(string name, ActionSums sums, long most, Terminal terminal) =>
    [
        name, Words.Number(sums.Actions), terminal.IsInteractive && most > 0 ? Words.Bar(sums.Actions, most, BarWidth) : "", BuildWords.Rate(sums),
        new Cell(Words.Number(sums.Failed), sums.Failed > 0 ? Tone.Bad : Tone.Plain), Words.Size(sums.BytesSent), Words.Size(sums.BytesReceived), BuildWords.Saved(sums), BuildWords.Time(sums.RunSeconds),
    ];
}
