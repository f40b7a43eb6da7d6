using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using RemoteExec.Builds.Events;
using RemoteExec.Builds.Records;
using RemoteExec.Server.Api;

namespace RemoteExec.Server.Cli.Builds;

/// <summary><c>remoteexec builds</c>: what builds did.</summary>
internal static class BuildsCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec builds list
        remoteexec builds list --tool bazel --since 7d --failed
        remoteexec builds show 1b671a64-40d5-491e-99b0-da01ff1f3341      Bazel prints it as 'Invocation ID'
        remoteexec builds list --user ann --status failed
        remoteexec builds tests 1b671a64-40d5-491e-99b0-da01ff1f3341 --status failed
        remoteexec builds critical-path 1b671a64-40d5-491e-99b0-da01ff1f3341
        """;

    private const int BarWidth = 12;
    private const int ShownSums = 12;
    private const int ShownActions = 10;
    private const int ShownFailures = 10;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal) => new("builds", "Shows what builds did: their hits and misses, bytes and times.")
    {
        CreateList(terminal),
        CreateShow(terminal),
        ReportCommands.CreateTargets(terminal),
        ReportCommands.CreateTests(terminal),
        CriticalPathCommand.Create(terminal),
    };

    private static Command CreateList(Terminal terminal)
    {
        var tool = new Option<string?>("--tool") { HelpName = "NAME", Description = "those of this tool alone, for example bazel" };
        var instance = new Option<string?>("--instance") { HelpName = "NAME", Description = "those of this instance alone" };
        var since = new Option<string?>("--since") { HelpName = "TIME", Description = "those that went on since then: 24h, 7d, or 2026-01-31T12:00:00Z" };
        var failed = new Option<bool>("--failed") { Description = "those alone that had an action which failed" };
        var user = new Option<string?>("--user") { HelpName = "NAME", Description = "those of this user alone, as clients tell" };
        var status = new Option<string?>("--status") { HelpName = "STATUS", Description = "those alone that are so, as clients tell: running, succeeded, failed, interrupted, expired" };
        var limit = new Option<int>("--limit") { HelpName = "N", Description = "at most so many", DefaultValueFactory = _ => 20 };
        var command = new Command("list", "Lists builds, the newest first.") { tool, instance, since, failed, user, status, limit };
        var connection = new ApiConnection(command);
        command.SetAction((result, cancellationToken) =>
        {
            string path = new ApiPath("api/v1/builds").With("tool", result.GetValue(tool)).With("instance", result.GetValue(instance)).With("since", result.GetValue(since))
                .With("failed", result.GetValue(failed) ? "true" : null).With("user", result.GetValue(user)).With("status", result.GetValue(status)).With("limit", result.GetValue(limit).ToString(CultureInfo.InvariantCulture)).ToString();
            return connection.AskAsync(result, terminal, path, ApiJson.Default.BuildPage, page => ShowAll(page, terminal), cancellationToken);
        });
        return command;
    }

    private static Command CreateShow(Terminal terminal)
    {
        var id = new Argument<string>("ID") { Description = "its id, as 'builds list' has it, or what it calls itself: Bazel's 'Invocation ID'" };
        var command = new Command("show", "Shows a build: what its actions came to by kind and by target, and the slowest of its misses.") { id };
        var connection = new ApiConnection(command);
        command.SetAction((result, cancellationToken) =>
        {
            string path = "api/v1/builds/" + Uri.EscapeDataString(result.GetValue(id)!);
            if (connection.WantsJson(result))
                return connection.AskAsync(result, terminal, path, ApiJson.Default.BuildDetails, _ => { }, cancellationToken);
            return connection.AskAsync(result, terminal, async server =>
            {
                BuildDetails build = await server.GetAsync(path, ApiJson.Default.BuildDetails, cancellationToken);
                string misses = new ApiPath(path + "/actions").With("sort", "time").With("limit", ShownActions.ToString(CultureInfo.InvariantCulture))
                    .With("outcome", "failed").With("outcome", "executed").With("outcome", "merged").With("outcome", "stored").With("outcome", "miss").ToString();
                string targets = new ApiPath(path + "/targets").With("status", "failed").With("limit", ShownFailures.ToString(CultureInfo.InvariantCulture)).ToString();
                ApiPath tests = new ApiPath(path + "/tests").With("limit", ShownFailures.ToString(CultureInfo.InvariantCulture));
                foreach (TestStatus status in Enum.GetValues<TestStatus>().Where(status => status > TestStatus.Flaky))
                    tests = tests.With("status", JsonNamingPolicy.CamelCase.ConvertName(status.ToString()));
                (Page<TargetReport> Targets, Page<TestReport> Tests) failures = build.Build.Report is null
                    ? (new Page<TargetReport>([], null), new Page<TestReport>([], null))
                    : (await server.GetAsync(targets, ApiJson.Default.TargetPage, cancellationToken), await server.GetAsync(tests.ToString(), ApiJson.Default.TestPage, cancellationToken));
                Show(build, await server.GetAsync(misses, ApiJson.Default.ActionPage, cancellationToken), failures, terminal);
            });
        });
        return command;
    }

    private static void ShowAll(Page<BuildSummary> page, Terminal terminal)
    {
        if (page.Items.Count == 0)
        {
            terminal.WriteLine("no build is known: build something with the flags that the server has printed, or leave filters out", Tone.Faint);
            return;
        }

        bool isTold = page.Items.Any(build => build.Report is not null);
        var table = new Table([">AGE", ">TIME", "TOOL", .. isTold ? (string[])["STATUS", "USER"] : [], ">ACTIONS", ">HITS", "", ">FAILED", ">SENT", ">RECEIVED", ">SAVED", "BUILD"]);
        foreach (BuildSummary build in page.Items)
        {
            ActionSums sums = build.Sums;
            table.Add(
            [
                Words.Age(TimeProvider.System.GetUtcNow() - build.Began), Words.Age(TimeSpan.FromSeconds(build.DurationSeconds)), build.Tool,
                .. isTold ? (Cell[])[ReportWords.Status(build.Report), build.Report?.User ?? "-"] : [],
                Words.Number(sums.Actions), BuildWords.Rate(sums), terminal.IsInteractive ? Words.Bar(sums.Hits, sums.Actions, BarWidth) : "",
                new Cell(Words.Number(sums.Failed), sums.Failed > 0 ? Tone.Bad : Tone.Plain), Words.Size(sums.BytesSent), Words.Size(sums.BytesReceived),
                BuildWords.Saved(sums), build.Invocation.Length > 0 ? build.Invocation : build.Id,
            ]);
        }

        table.Write(terminal);
        if (page.Next is not null)
            terminal.WriteLine("and more: --limit, --since and --tool select others", Tone.Faint);
    }

    private static void Show(BuildDetails details, Page<ActionSummary> misses, (Page<TargetReport> Targets, Page<TestReport> Tests) failures, Terminal terminal)
    {
        BuildSummary build = details.Build;
        terminal.WriteLine([new Cell(build.Invocation.Length > 0 ? build.Invocation : build.Id, Tone.Strong), "  ", build.Tool, " ", build.ToolVersion]);
        var facts = new Table("", "");
        if (build.Instance.Length > 0)
            facts.Add("instance", build.Instance);
        if (build.Correlated.Length > 0)
            facts.Add("belongs to", build.Correlated);
        facts.Add("began", build.Began.ToString("u", CultureInfo.InvariantCulture));
        facts.Add("took", $"{Words.Age(TimeSpan.FromSeconds(build.DurationSeconds))}{(build.IsOver ? "" : " so far, as far as its calls tell")}");
        ReportWords.AddTo(facts, details);
        BuildWords.AddTo(facts, build.Sums);
        facts.Write(terminal);
        ShowFailures(details.FailedActions, failures, terminal);
        ShowSums("MNEMONIC", details.Mnemonics, details.Mnemonics.Count, terminal);
        ShowSums("TARGET", details.Targets, details.TargetCount, terminal);
        if (misses.Items.Count == 0)
            return;
        terminal.WriteLine("");
        var table = new Table("MISS", ">RUN", ">QUEUE", ">FETCH", ">UPLOAD", "MNEMONIC", "TARGET", "ACTION");
        foreach (ActionSummary action in misses.Items)
        {
            table.Add(
                new Cell(action.Ending.Length > 0 ? action.Ending : BuildWords.Of(action.Outcome), action.Outcome == ActionOutcome.Failed ? Tone.Bad : Tone.Plain),
                BuildWords.Time(action.RunSeconds), BuildWords.Time(action.QueueSeconds), BuildWords.Time(action.FetchSeconds), BuildWords.Time(action.UploadSeconds),
                action.Mnemonic, action.Target, action.Action);
        }

        table.Write(terminal);
    }

    private static void ShowFailures(IReadOnlyList<FailedAction> actions, (Page<TargetReport> Targets, Page<TestReport> Tests) failures, Terminal terminal)
    {
        if (failures.Targets.Items.Count > 0)
        {
            terminal.WriteLine("");
            ReportWords.Write(failures.Targets, terminal);
        }

        if (actions.Count > 0)
        {
            terminal.WriteLine("");
            ReportWords.Write([.. actions.Take(ShownFailures)], terminal);
        }

        if (failures.Tests.Items.Count > 0)
        {
            terminal.WriteLine("");
            ReportWords.Write(failures.Tests, terminal);
        }
    }

    private static void ShowSums(string title, IReadOnlyList<SumsByName> sums, int count, Terminal terminal)
    {
        if (sums.Count == 0)
            return;
        terminal.WriteLine("");
        var table = new Table(">ACTIONS", ">HITS", "", ">MISSES", ">FAILED", ">RUN", ">SAVED", title);
        foreach (SumsByName sum in sums.Take(ShownSums))
        {
            table.Add(
                Words.Number(sum.Sums.Actions), BuildWords.Rate(sum.Sums), terminal.IsInteractive ? Words.Bar(sum.Sums.Hits, sum.Sums.Actions, BarWidth) : "",
                Words.Number(sum.Sums.Misses), new Cell(Words.Number(sum.Sums.Failed), sum.Sums.Failed > 0 ? Tone.Bad : Tone.Plain),
                BuildWords.Time(sum.Sums.RunSeconds), BuildWords.Saved(sum.Sums), sum.Name.Length > 0 ? sum.Name : "-");
        }

        table.Write(terminal);
        if (count > ShownSums)
            terminal.WriteLine($"and {Words.Number(count - ShownSums)} more, with fewer misses", Tone.Faint);
    }
}
