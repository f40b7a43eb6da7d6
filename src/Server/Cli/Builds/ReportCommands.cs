using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using RemoteExec.Builds.Events;
using RemoteExec.Builds.Records;
using RemoteExec.Server.Api;

namespace RemoteExec.Server.Cli.Builds;

/// <summary><c>remoteexec builds targets</c> and <c>tests</c>: what came of them, as clients tell.</summary>
internal static class ReportCommands
{
    /// <summary>Lists targets.</summary>
    public static Command CreateTargets(Terminal terminal) => Create(
        "targets", "Lists the targets of a build, those first that failed, as its client tells with --bes_backend.", Enum.GetNames<TargetStatus>(), ApiJson.Default.TargetPage,
        page => ReportWords.Write(page, terminal), terminal);

    /// <summary>Lists tests.</summary>
    public static Command CreateTests(Terminal terminal) => Create(
        "tests", "Lists the tests of a build, those first that failed, as its client tells with --bes_backend.", Enum.GetNames<TestStatus>(), ApiJson.Default.TestPage,
        page => ReportWords.Write(page, terminal), terminal);

    private static Command Create<T>(string name, string description, string[] statuses, JsonTypeInfo<Page<T>> type, Action<Page<T>> show, Terminal terminal)
    {
        var id = new Argument<string>("ID") { Description = "the build's id, as 'builds list' has it, or what it calls itself: Bazel's 'Invocation ID'" };
        var status = new Option<string[]>("--status") { HelpName = "STATUS", Description = $"those alone that are so; may be repeated: {string.Join(", ", statuses.Select(CamelCase))}" };
        var label = new Option<string?>("--label") { HelpName = "TEXT", Description = "those alone that have this in their label" };
        var limit = new Option<int>("--limit") { HelpName = "N", Description = "at most so many", DefaultValueFactory = _ => 100 };
        var command = new Command(name, description) { id, status, label, limit };
        var connection = new ApiConnection(command);
        command.SetAction((result, cancellationToken) =>
        {
            ApiPath path = new ApiPath($"api/v1/builds/{Uri.EscapeDataString(result.GetValue(id)!)}/{name}").With("label", result.GetValue(label))
                .With("limit", result.GetValue(limit).ToString(CultureInfo.InvariantCulture));
            foreach (string one in result.GetValue(status) ?? [])
                path = path.With("status", one);
            return connection.AskAsync(result, terminal, path.ToString(), type, page => Show(page, name, show, terminal), cancellationToken);
        });
        return command;
    }

    private static void Show<T>(Page<T> page, string name, Action<Page<T>> show, Terminal terminal)
    {
        if (page.Items.Count == 0)
        {
            terminal.WriteLine($"no {name} are known: have Bazel tell of them with --bes_backend, or leave filters out", Tone.Faint);
            return;
        }

        show(page);
        if (page.Next is not null)
            terminal.WriteLine("and more: --limit, --status and --label select others", Tone.Faint);
    }

    private static string CamelCase(string name) => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(name);
}
