using System.CommandLine;
using RemoteExec.Execution.Operators;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Audits;
using RemoteExec.Protocol.Operators;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Cli.Audits;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Server.Cli.Operators;

/// <summary><c>remoteexec operations</c>: what clients had started, what it writes, and cancelling it.</summary>
internal static class OperationsCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec operations list --worker build-7
        remoteexec operations list --done --limit 20
        remoteexec operations show operations/6f9c2a4e-0000-4000-8000-000000000000
        remoteexec operations log operations/6f9c2a4e-0000-4000-8000-000000000000
        remoteexec operations cancel --invocation 1b671a64-40d5-491e-99b0-da01ff1f3341
        """;

    private const int LongestName = 60;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal) => new("operations", "Shows operations, that is calls of Execute, and cancels them.")
    {
        CreateList(terminal),
        CreateShow(terminal),
        LogCommand.Create(terminal),
        CreateCancel(terminal),
    };

    private static Command CreateList(Terminal terminal)
    {
        var invocation = new Option<string>("--invocation") { HelpName = "ID", Description = "those of this build alone", DefaultValueFactory = _ => "" };
        var worker = new Option<string>("--worker") { HelpName = "NAME", Description = "those that run on this worker alone; a * at the end stands for anything", DefaultValueFactory = _ => "" };
        var done = new Option<bool>("--done") { Description = "those that are done, but still known, instead of those that are not" };
        var limit = new Option<int>("--limit") { HelpName = "N", Description = "at most so many", DefaultValueFactory = _ => 100 };
        var command = new Command("list", "Lists operations, those that run first.") { invocation, worker, done, limit };
        var flags = new OperatorFlags(command);
        var watch = new WatchFlag(command);
        command.SetAction((result, cancellationToken) =>
        {
            var request = new ListOperationsRequest
            {
                Invocation = result.GetValue(invocation)!,
                Worker = result.GetValue(worker)!,
                Done = result.GetValue(done),
                Limit = result.GetValue(limit) is > 0 and var most ? most : throw new UsageException($"--limit {result.GetValue(limit)}: write a positive number"),
            };
            return watch.RunAsync(result, terminal, stop => flags.AskAsync(
                result, terminal, (scheduler, token) => scheduler.ListOperationsAsync(request, token), answer => ShowAll(answer, request, terminal), stop), cancellationToken);
        });
        return command;
    }

    private static Command CreateShow(Terminal terminal)
    {
        var name = new Argument<string>("NAME") { Description = "the operation's name, as 'operations list' has it" };
        var command = new Command("show", "Shows an operation.") { name };
        var flags = new OperatorFlags(command);
        var watch = new WatchFlag(command);
        command.SetAction((result, cancellationToken) => watch.RunAsync(result, terminal, stop => flags.AskAsync(
            result, terminal, (scheduler, token) => scheduler.GetOperationAsync(new GetOperationRequest { Name = result.GetValue(name)! }, token),
            (answer, channel) => ShowAsync(answer, channel, terminal, stop), stop), cancellationToken));
        return command;
    }

    private static Command CreateCancel(Terminal terminal)
    {
        var names = new Argument<string[]>("NAME") { Description = "names of operations", Arity = ArgumentArity.ZeroOrMore };
        var invocation = new Option<string?>("--invocation") { HelpName = "ID", Description = "all of this build; Bazel prints the ID as 'Invocation ID'" };
        var command = new Command("cancel", "Cancels operations: their clients are told CANCELLED. An action that others wait for goes on.") { names, invocation };
        var flags = new OperatorFlags(command);
        command.SetAction((result, cancellationToken) =>
        {
            string[] given = result.GetValue(names) ?? [];
            string? build = result.GetValue(invocation);
            if (given.Length > 0 == build is not null)
                throw new UsageException("say what to cancel: either names of operations, or --invocation ID");
            var request = new CancelOperationsRequest { Invocation = build ?? "", Names = { given } };
            return flags.AskAsync(
                result, terminal, (scheduler, token) => scheduler.CancelOperationsAsync(request, token),
                answer => terminal.WriteLine(
                    answer.Cancelled == 0 ? "nothing to cancel: none of it is under way" : $"{Words.Count(answer.Cancelled, "operation")} cancelled", answer.Cancelled == 0 ? Tone.Plain : Tone.Good),
                cancellationToken);
        });
        return command;
    }

    private static void ShowAll(ListOperationsResponse answer, ListOperationsRequest request, Terminal terminal)
    {
        if (answer.Operations.Count == 0)
        {
            bool isFiltered = request.Invocation.Length > 0 || request.Worker.Length > 0;
            terminal.WriteLine(
                isFiltered ? "no such operation: leave --invocation and --worker out for all"
                    : request.Done ? "nothing has ended lately; without --done you see what is under way"
                    : "nothing is under way: build with --remote_executor, or look at what has ended lately with --done",
                Tone.Faint);
            return;
        }

        var table = new Table("STAGE", ">AGE", "WORKER", "MNEMONIC", "TARGET", "NAME");
        foreach (OperationInfo operation in answer.Operations)
        {
            table.Add(
                StageOf(operation), AgeOf(operation), operation.Workers.Count == 0 ? "-" : string.Join(", ", operation.Workers),
                Shortened(operation.Mnemonic), Shortened(operation.Target), operation.Name);
        }

        table.Write(terminal);
        if (answer.More)
            terminal.WriteLine($"and more: --limit {request.Limit * 10}", Tone.Faint);
    }

    private static Task ShowAsync(OperationInfo operation, RpcChannel channel, Terminal terminal, CancellationToken cancellationToken)
    {
        terminal.WriteLine([new Cell(operation.Name, Tone.Strong), "  ", StageOf(operation)]);
        var table = new Table("", "");
        table.Add("action", operation.Action);
        table.Add("platform", PlatformText.Of(operation.Platform));
        table.Add("target", Shortened(operation.Target));
        table.Add("mnemonic", Shortened(operation.Mnemonic));
        table.Add("invocation", Shortened(operation.Invocation));
        table.Add("priority", Words.Number(operation.Priority));
        if (operation.Queued is { } queued)
            table.Add("queued", $"{AgoOf(queued)} ago");
        if (operation.Started is { } started)
            table.Add("started", $"{AgoOf(started)} ago");
        if (operation.Workers.Count > 0)
            table.Add("worker", string.Join(", ", operation.Workers));
        table.Add("attempts", Words.Number(operation.Attempts));
        if (operation.CpuMillis > 0)
            table.Add("cores", Words.Cores(operation.CpuMillis));
        if (operation.MemoryBytes > 0)
            table.Add("memory", Words.Size(operation.MemoryBytes));
        if (operation.Outcome.Length > 0)
            table.Add("outcome", operation.Outcome + (operation.Message.Length > 0 ? $": {operation.Message}" : ""));
        table.Write(terminal);
        return OperationAudit.ReportOf(operation) is { } report ? ShowAuditAsync(operation, report, channel, terminal, cancellationToken) : Task.CompletedTask;
    }

    private static async Task ShowAuditAsync(OperationInfo operation, Digest report, RpcChannel channel, Terminal terminal, CancellationToken cancellationToken)
    {
        if (await OperationAudit.ReadAsync(channel, report, cancellationToken) is not { } audit)
        {
            terminal.WriteLine("its action was audited, but the server has the report no more", Tone.Faint);
            return;
        }

        terminal.WriteLine("its action was audited:");
        foreach (Cell finding in AuditSummary.Of(audit))
            terminal.WriteLine(["  ", finding]);
        terminal.WriteLine($"for all of it: remoteexec audit {operation.Name}", Tone.Faint);
    }

    private static Cell StageOf(OperationInfo operation) => operation.Stage switch
    {
        Stage.CacheCheck => new Cell("preparing", Tone.Faint),
        _ when operation.Outcome.Length > 0 => new Cell(operation.Outcome, operation.Outcome == "ok" ? Tone.Plain : Tone.Bad),
        _ when operation.Workers.Count > 0 => new Cell("running", Tone.Good),
        _ when operation.Attempts > 0 => new Cell("retrying", Tone.Bad),
        Stage.Queued => "queued",
        _ => "ending",
    };

    private static string AgeOf(OperationInfo operation) => (operation.Started ?? operation.Queued) is { } since ? AgoOf(since) : "-";

    private static string AgoOf(Google.Protobuf.WellKnownTypes.Timestamp time) => Words.Age(TimeProvider.System.GetUtcNow() - time.ToDateTimeOffset());

    private static string Shortened(string text) => text.Length == 0 ? "-" : text.Length <= LongestName ? text : text[..(LongestName - 1)] + "…";
}
