using System.Diagnostics;
using Microsoft.Extensions.Logging;
using RemoteExec.Cas;
using RemoteExec.Worker.Audit;
using RemoteExec.Worker.Caches;
using RemoteExec.Worker.Disk;
using RemoteExec.Worker.Inputs;
using RemoteExec.Worker.Outputs;
using RemoteExec.Worker.Persistent;
using RemoteExec.Worker.Sandbox;
using RemoteExec.Worker.Services;

namespace RemoteExec.Worker;

/// <summary>Runs actions on this machine: lays out the inputs, runs the command in a sandbox, takes in the outputs.</summary>
/// <param name="options">The worker's settings.</param>
/// <param name="cas">Where inputs come from and outputs go.</param>
/// <param name="scratch">Where actions run.</param>
/// <param name="sandbox">What runs commands.</param>
/// <param name="users">The users that actions run as; null to run them as the worker's own.</param>
/// <param name="logger">Told of failures nobody foresaw.</param>
/// <param name="time">For the timestamps.</param>
internal sealed class LocalActionExecutor(
    WorkerOptions options, IBlobStore cas, ScratchDirectory scratch, ISandbox sandbox, ActionUsers? users, ILogger logger, TimeProvider time)
    : IActionExecutor
{
    private readonly ActionLimits limits = new(options);

    /// <summary>
    /// The CAS without its verification, for outputs that were hashed here; null if it has to verify them. It is used only where it is certain that nothing of an action runs
    /// on and changes them.
    /// </summary>
    public IBlobStore? HashedOutputs { get; init; }

    /// <summary>Prepares input roots.</summary>
    public required InputRoot Inputs { get; init; }

    /// <summary>Fetches inputs of what is expected; null to fetch none before they are needed.</summary>
    public InputsAhead? Ahead { get; init; }

    /// <summary>What counts.</summary>
    public required WorkerMetrics Metrics { get; init; }

    /// <summary>What is kept from action to action.</summary>
    public required NamedCaches Caches { get; init; }

    /// <summary>Where logs can be read while they are written; null for nowhere.</summary>
    public LogStreamClient? LogStreams { get; init; }

    /// <summary>Keeps actions from filling the disk.</summary>
    public required DiskGuard Disk { get; init; }

    /// <summary>Runs actions that ask for it in processes that run on; null to start one for each.</summary>
    public PersistentActions? Persistent { get; init; }

    private PersistentExecutor? Persistently => field ??= Persistent is null ? null : new PersistentExecutor(options, Persistent, Inputs, cas, Disk, sandbox, limits, time);

    private ActionAudit Audit => field ??= new ActionAudit(options, Inputs, Caches, Disk, sandbox, scratch, logger, time) { Metrics = Metrics };

    /// <inheritdoc/>
    public void Expect(IReadOnlyList<UpcomingAction> actions) => Ahead?.Expect(actions);

    /// <inheritdoc/>
    public async Task<ExecutionOutcome> ExecuteAsync(
        ActionLease lease, Action<ActionProgress> report, CancellationToken cancellationToken)
    {
        LeaseCredential.Current = lease.Credential; // in this flow alone
        var run = new ActionRun(lease, options.Name, report, time);
        using Activity? span = WorkerTracing.Begin(lease);
        using WorkerMetrics.Attempt attempt = Metrics.Begin(run, sandbox.Tier);
        try
        {
            run.User = users?.Take();
            run.BeginInputs();
            if (Persistently is null || !await Persistently.TryRunAsync(run, cancellationToken))
                await RunAsync(run, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            Note(exception, run);
        }
        finally
        {
            if (run.User is { } user)
                users!.Return(user);
        }

        ExecutionOutcome outcome = run.End(sandbox.Tier);
        WorkerTracing.End(span, run, sandbox.Tier);
        return outcome;
    }

    private async Task RunAsync(ActionRun run, CancellationToken cancellationToken)
    {
        // Inputs
        ActionLease lease = run.Lease;
        await using ReadyAction ready = await ReadyAction.MakeAsync(lease, run.User, sandbox, Inputs, scratch, cancellationToken);
        Reapi.Platform? asked = lease.Action.Platform ?? ready.Command.Platform;
        OutputLimits outputLimits = OutputLimits.Of(options, asked);
        DiskLimit diskLimit = DiskLimit.Of(options, asked);
        ActionPlatform platform = ActionPlatform.Parse(asked, lease.ActionDigest) with { Caches = ready.Command.Caches };
        if (sandbox.Refuse(platform) is { } reason)
            throw new InvalidActionException($"the sandbox '{sandbox.Tier}' of worker '{options.Name}' can't run the action: {reason}");
        using CachedTree? image = platform.RootFileSystem is { } digest ? await Inputs.HoldTreeAsync(digest, run.User?.Id, cancellationToken) : null;
        await using ActionCaches caches = await ActionCaches.BeginAsync(Caches, lease, ready.Command, sandbox, ready.Directory, cancellationToken);
        run.BeginCommand();

        // Sandbox
        await using var logs = new ActionLogs(ready.Directory, options.MaxLogBytes, FollowerFor(run), time);
        SandboxCommand command = ready.ToSandbox(lease.Timeout) with
        {
            Image = image?.Path,
            Network = platform.Network,
            Caches = caches.Mounts,
            Limits = limits.Of(lease),
            Audit = Audit.WatchesReads(platform),
        };
        using DiskWatch watch = Disk.Watch(ready.Directory, sandbox.TakesLayers, diskLimit, cancellationToken);
        using SandboxOutcome outcome = (await watch.RunAsync(async token => await sandbox.RunAsync(command, token)))!;
        await logs.EndAsync();
        run.Measure(outcome);
        run.BeginOutputs(outcome);
        await caches.EndAsync(outcome);

        // Outputs
        var ended = new FinishedRun
        {
            Run = run,
            Command = ready.Command,
            Outcome = outcome,
            SeenRoot = ready.SeenRoot,
            Blobs = new OutputBlobs(OutputStore, lease.ActionDigest),
            Limits = outputLimits,
            AllowAbsoluteSymlinks = options.AllowAbsoluteSymlinks,
        };
        Reapi.ActionResult result = await ResultCollector.CollectAsync(ended, logs, cancellationToken);
        run.DoNotStore = await Audit.FinishAsync(ended, platform, command, cancellationToken);
        await ended.Blobs.UploadAsync(cancellationToken);
        run.EndOutputs(result);
    }

    // Nothing of an action runs on in a sandbox that is trusted with it.
    private IBlobStore OutputStore => HashedOutputs is { } trusting && (sandbox.Tier != SandboxTiers.Directory || users is not null) ? trusting : cas;

    private Func<ActionLog, ActionLog, LiveLogs>? FollowerFor(ActionRun run) =>
        LogStreams is { } client ? (stdout, stderr) => new LiveLogs(stdout, stderr, run.Lease.ActionDigest.Instance, client, run.Report.Tell, logger, time) : null;

    private void Note(Exception exception, ActionRun run)
    {
        (run.Response.Status, run.IsRetryable, bool isForeseen) = ActionErrors.ToStatus(exception);
        string action = run.Lease.ActionDigest.ToString();
        if (!isForeseen)
            WorkerLog.Unexpected(logger, exception, action);
        else if (exception is IOException or UnauthorizedAccessException)
            WorkerLog.MachineAtFault(logger, action, exception.Message);
    }
}
