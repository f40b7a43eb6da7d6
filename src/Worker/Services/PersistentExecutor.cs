using RemoteExec.Cas;
using RemoteExec.Worker.Disk;
using RemoteExec.Worker.Inputs;
using RemoteExec.Worker.Outputs;
using RemoteExec.Worker.Persistent;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Services;

/// <summary>Runs actions in processes that run on for others: inputs → process → outputs. May be called concurrently.</summary>
/// <param name="options">The worker's settings.</param>
/// <param name="persistent">The processes.</param>
/// <param name="inputs">Lays inputs out.</param>
/// <param name="cas">Where outputs go; it verifies them.</param>
/// <param name="disk">Keeps the processes from filling the disk.</param>
/// <param name="sandbox">What the processes run in.</param>
/// <param name="limits">What an action may have of the machine.</param>
/// <param name="time">The clock.</param>
internal sealed class PersistentExecutor(
    WorkerOptions options, PersistentActions persistent, InputRoot inputs, IBlobStore cas, DiskGuard disk, ISandbox sandbox, ActionLimits limits, TimeProvider time)
{
    /// <summary>Runs an action to its result; false if it is to be run the ordinary way, as it does not ask for this, or it can't be done.</summary>
    public async Task<bool> TryRunAsync(ActionRun run, CancellationToken cancellationToken)
    {
        await using PersistentRun? asked = await persistent.PrepareAsync(inputs, run.Lease, run.User, limits.Of(run.Lease), cancellationToken);
        if (asked is null)
            return false;
        run.BeginCommand();
        using DiskWatch watch = disk.Watch(asked.ProcessDirectory, isLayered: false, DiskLimit.Of(options, run.Lease.Action.Platform), cancellationToken);
        if (await watch.RunAsync(asked.ExecuteAsync) is not { } outcome)
            return false;
        run.BeginOutputs(outcome);

        await using var logs = new ActionLogs(asked.Directory, options.MaxLogBytes, follow: null, time);
        var ended = new FinishedRun
        {
            Run = run,
            Command = asked.Command,
            Outcome = outcome,
            SeenRoot = sandbox.RootOf(asked.Directory),
            Blobs = new OutputBlobs(cas, run.Lease.ActionDigest), // its process runs on, and may change what was hashed: so what is stored is verified
            Limits = OutputLimits.Of(options, run.Lease.Action.Platform),
            AllowAbsoluteSymlinks = options.AllowAbsoluteSymlinks,
        };
        Reapi.ActionResult result = await ResultCollector.CollectAsync(ended, logs, cancellationToken);
        await ended.Blobs.UploadAsync(cancellationToken);
        run.EndOutputs(result);
        if (outcome is { TimedOut: false, TooMuchDisk: null })
            asked.Complete();
        return true;
    }
}
