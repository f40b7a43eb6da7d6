using RemoteExec.Runs;
using RemoteExec.Runs.Inputs;
using RemoteExec.Runs.Outputs;
using RemoteExec.Runs.Remote;
using RemoteExec.Server.Cli.Trees;
using RemoteExec.Trees.Pull;

namespace RemoteExec.Server.Cli.Runs;

/// <summary>Runs an action as if its command ran here: passes on what it writes, fetches what it makes, and ends with its exit code.</summary>
/// <param name="terminal">Where it tells of that.</param>
internal sealed class ActionRun(Terminal terminal)
{
    /// <summary>The directory that outputs go to; null for nowhere.</summary>
    public string? Directory { get; init; }

    /// <summary>Whether the command line names the outputs, and not the action alone.</summary>
    public bool NamesOutputs { get; init; }

    /// <summary>Whether directories in the way of outputs are replaced whatever is in them.</summary>
    public bool Force { get; init; }

    /// <summary>Whether nothing is told but failures.</summary>
    public bool IsQuiet { get; init; }

    /// <summary>Whether what came of it is printed as JSON; what the command writes goes to standard error then, all of it.</summary>
    public bool IsJson { get; init; }

    /// <summary>Runs an action.</summary>
    /// <param name="action">The action.</param>
    /// <param name="skipsCache">Whether it runs even if its result is known.</param>
    /// <param name="sentBytes">What was sent for its inputs.</param>
    /// <param name="server">The server.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The exit code of this process.</returns>
    /// <exception cref="RunException">It could not be run, or has not made what it was to make.</exception>
    public async Task<int> RunAsync(StoredAction action, bool skipsCache, long sentBytes, TreeServer server, CancellationToken cancellationToken)
    {
        long began = TimeProvider.System.GetTimestamp();
        FinishedRun run;
        await using (Stream stderr = StandardStream.Error(), stdout = IsJson ? Stream.Null : StandardStream.Output())
        {
            await using LiveOutputs outputs = server.Copy(IsJson ? stderr : stdout, stderr);
            run = await RunAsync(action, skipsCache, outputs, server, cancellationToken);
            await outputs.FinishAsync(run, cancellationToken);
        }

        IReadOnlyList<ProducedOutput> made = await ProducedOutputs.FindAsync(action, run, server.Cas, cancellationToken);
        string[] missing = run is { Outcome: RunOutcome.Ran, ExitCode: 0 } ? [.. ProducedOutputs.Declared(action).Except(made.Select(output => output.Path))] : [];
        if (Directory is { } directory && run.Outcome == RunOutcome.Ran)
        {
            var pull = new OutputPull(directory, server.Cas, server.Client, new TreePullOptions { State = TreeFlags.State, Force = Force }, TimeProvider.System) { FollowsSymlinks = NamesOutputs };
            foreach (ProducedOutput output in made)
                await pull.RunAsync(output, cancellationToken);
        }

        var report = new RunReport(action, run, made, missing, sentBytes, TimeProvider.System.GetElapsedTime(began));
        if (IsJson)
            terminal.WriteLine(report.ToJson());
        return Tell(run, missing, report);
    }

    private async Task<FinishedRun> RunAsync(StoredAction action, bool skipsCache, LiveOutputs outputs, TreeServer server, CancellationToken cancellationToken)
    {
        try
        {
            return await server.Execution.RunAsync(action.Digest, skipsCache, outputs, Path.GetFileName(action.Command.Arguments.FirstOrDefault("")), cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            if (!IsQuiet)
                terminal.WriteNote("interrupted: the server was asked to cancel it");
            throw;
        }
    }

    private int Tell(FinishedRun run, string[] missing, RunReport report)
    {
        if (run.Outcome != RunOutcome.Ran)
        {
            terminal.WriteError(new Cell(run.Failure).Text);
            return run.Outcome == RunOutcome.TimedOut ? ExitCode.TimedOut : ExitCode.NotRun;
        }

        if (missing.Length > 0)
        {
            terminal.WriteError(new Cell($"the command ended well, but made no {string.Join(", no ", missing.Select(path => $"'{path}'"))}: outputs are written relative to the root of the inputs").Text);
            return ExitCode.NotRun;
        }

        if (run.ExitCode is ExitCode.TimedOut or ExitCode.NotRun)
            terminal.WriteNote($"the command itself ended with {run.ExitCode}");
        if (!IsQuiet)
            terminal.WriteNote(new Cell(report.Summary).Text);
        return run.ExitCode;
    }
}
