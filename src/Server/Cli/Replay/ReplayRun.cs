using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Worker.Replay;

namespace RemoteExec.Server.Cli.Replay;

/// <summary>One replay, from its name to its exit code.</summary>
/// <param name="request">What is to be done.</param>
/// <param name="server">Who has it.</param>
/// <param name="terminal">Where the command's output goes, and what is said of it.</param>
internal sealed class ReplayRun(ReplayRequest request, ReplayServer server, Terminal terminal)
{
    private readonly ReplayText text = new(terminal);

    /// <summary>Does it; the answer is how the process is to end.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        PastAction past = await server.FindAsync(cancellationToken);
        await ActionReplay.DeleteAbandonedAsync(ReplayScratch.Parent, ReplayScratch.Prefix, NullLogger.Instance, TimeProvider.System);
        await using ActionReplay replay = await ActionReplay.OpenAsync(request.Worker, server.Cas, NullLogger.Instance, TimeProvider.System);
        text.Begin(past, replay.Sandbox);
        await using ReplayedAction action = await replay.PrepareAsync(past.Digest, cancellationToken);
        text.Fetched(server.FetchedBytes, action);
        return request.Shell ? await RunShellAsync(action, cancellationToken) : await RunCommandAsync(past, replay, action, cancellationToken);
    }

    private async Task<int> RunShellAsync(ReplayedAction action, CancellationToken cancellationToken)
    {
        await using Stream output = terminal.OpenOutput(), error = terminal.OpenError();
        using ReplayOutcome outcome = await action.ShellAsync(output, error, script => text.BeginShell(action, script), cancellationToken);
        await KeepAsync(outcome);
        return outcome.ExitCode;
    }

    private async Task<int> RunCommandAsync(PastAction past, ActionReplay replay, ReplayedAction action, CancellationToken cancellationToken)
    {
        await using Stream output = request.Json ? terminal.OpenError() : terminal.OpenOutput(), error = terminal.OpenError();
        using ReplayOutcome outcome = await action.RunAsync(output, error, cancellationToken);
        ResultComparison? comparison = past.Result is { } recorded ? await outcome.CompareAsync(recorded, server.Remote, cancellationToken) : null;
        text.End(outcome, comparison);
        await KeepAsync(outcome);
        if (request.Json)
            terminal.WriteLine(ReplayJson.Of(past, replay.Sandbox, outcome, comparison, server.FetchedBytes, request.Keep));
        return comparison is { HasSameParts: false } && comparison.RecordedExitCode == outcome.ExitCode ? ExitCode.NotVerified : outcome.ExitCode;
    }

    private async Task KeepAsync(ReplayOutcome outcome)
    {
        if (request.Keep is not { } directory)
            return;
        await outcome.KeepAsync(directory);
        text.Kept(directory, outcome);
    }
}
