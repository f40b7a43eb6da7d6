using System.Globalization;
using System.Text.Json;
using RemoteExec.Builds.Events;
using RemoteExec.Builds.Records;

namespace RemoteExec.Server.Cli.Builds;

/// <summary>What clients tell of their builds, as people read it.</summary>
internal static class ReportWords
{
    /// <summary>How a build is; a dash if its client does not say.</summary>
    public static Cell Status(BuildReport? report) => report is null ? "-" : new Cell(Word(report.Status), report.Status switch
    {
        BuildStatus.Succeeded => Tone.Good,
        BuildStatus.Failed or BuildStatus.Interrupted => Tone.Bad,
        _ => Tone.Plain,
    });

    /// <summary>What came of a target.</summary>
    public static Cell Status(TargetStatus status) => new(Word(status), status == TargetStatus.Failed ? Tone.Bad : Tone.Plain);

    /// <summary>What came of a test.</summary>
    public static Cell Status(TestStatus status) => new(Word(status), status > TestStatus.Flaky ? Tone.Bad : Tone.Plain);

    /// <summary>A value in words: <c>failed to build</c>.</summary>
    public static string Word<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString()).Replace('-', ' ');

    /// <summary>Adds what is told of a build to a table of two columns.</summary>
    public static void AddTo(Table facts, BuildDetails details)
    {
        if (details.Build.Report is not { } report)
            return;
        string exit = report.ExitCode is { } code ? string.Create(CultureInfo.InvariantCulture, $", exit code {code} ({report.ExitName})") : "";
        facts.Add("status", new Cell(Word(report.Status) + exit, Status(report).Tone));
        if (report.Problem.Length > 0)
            facts.Add("problem", new Cell(report.Problem, Tone.Bad));
        if (report.Command.Length > 0)
            facts.Add("command", $"{report.Command} {string.Join(' ', report.Patterns)}");
        if (report.User.Length + report.Host.Length > 0)
            facts.Add("by", $"{report.User}{(report.Host.Length > 0 ? $" on {report.Host}" : "")}{(report.Workspace.Length > 0 ? $", in {report.Workspace}" : "")}");
        if (report.Keywords.Count > 0)
            facts.Add("keywords", string.Join(", ", report.Keywords));
        if (report.WallSeconds is { } wall)
            facts.Add("client's time", BuildWords.Time(wall) + (report.CriticalPathSeconds is { } path ? $", critical path {BuildWords.Time(path)}" : ""));
        if (details.TargetStatuses.Count > 0)
            facts.Add("targets", string.Join(", ", details.TargetStatuses.Select(count => $"{Words.Number(count.Count)} {Word(count.Status)}")));
        if (details.TestStatuses.Count > 0)
            facts.Add("tests", string.Join(", ", details.TestStatuses.Select(count => $"{Words.Number(count.Count)} {Word(count.Status)}")));
    }

    /// <summary>Targets, a line for each.</summary>
    public static void Write(Page<TargetReport> page, Terminal terminal)
    {
        var table = new Table("STATUS", "KIND", "TARGET");
        foreach (TargetReport target in page.Items)
            table.Add(Status(target.Status), target.Kind, target.Problem.Length > 0 ? $"{target.Label}: {target.Problem}" : target.Label);
        table.Write(terminal);
    }

    /// <summary>Tests, a line for each.</summary>
    public static void Write(Page<TestReport> page, Terminal terminal)
    {
        var table = new Table("STATUS", ">TIME", ">RUNS", ">SHARDS", ">ATTEMPTS", ">CACHED", "TEST", "LOG");
        foreach (TestReport test in page.Items)
        {
            table.Add(
                Status(test.Status), BuildWords.Time(test.Seconds), Words.Number(test.Runs), Words.Number(test.Shards), Words.Number(test.Attempts),
                Words.Number(test.CachedLocally + test.CachedRemotely), test.Label, test.Status > TestStatus.Passed ? test.Log : "");
        }

        table.Write(terminal);
    }

    /// <summary>Actions that failed, a line for each.</summary>
    public static void Write(IReadOnlyList<FailedAction> actions, Terminal terminal)
    {
        var table = new Table("FAILED", ">EXIT", "TARGET", "STDERR");
        foreach (FailedAction action in actions)
            table.Add(action.Mnemonic, action.ExitCode.ToString(CultureInfo.InvariantCulture), action.Target, action.Stderr);
        table.Write(terminal);
    }
}
