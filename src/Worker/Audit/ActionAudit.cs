using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Audits;
using RemoteExec.Worker.Caches;
using RemoteExec.Worker.Disk;
using RemoteExec.Worker.Inputs;
using RemoteExec.Worker.Outputs;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Audit;

/// <summary>Checks of actions whether they are what they say: what they looked at, and whether a second run makes the same. May be called concurrently.</summary>
/// <param name="options">The worker's settings.</param>
/// <param name="inputs">Their inputs.</param>
/// <param name="caches">What is kept from action to action.</param>
/// <param name="disk">Keeps second runs from filling the disk.</param>
/// <param name="sandbox">Runs their commands.</param>
/// <param name="scratch">Where.</param>
/// <param name="logger">Told what was found.</param>
/// <param name="time">The clock.</param>
internal sealed class ActionAudit(WorkerOptions options, InputRoot inputs, NamedCaches caches, DiskGuard disk, ISandbox sandbox, ScratchDirectory scratch, ILogger logger, TimeProvider time)
{
    private const int MaxListedInputs = 200_000;
    private readonly AuditOptions settings = options.Sandbox.Audit;
    private readonly HostMounts host = new(options.Sandbox.HostPaths);
    private readonly SecondRun second = new(options, inputs, caches, disk, sandbox, scratch, time);

    /// <summary>What counts.</summary>
    public required WorkerMetrics Metrics { get; init; }

    /// <summary>True if what an action looks at is to be written down, and can be.</summary>
    public bool WatchesReads(ActionPlatform platform) => IsWanted(platform) && sandbox.WatchesReads;

    /// <summary>
    /// Audits an action after its outputs were taken in, if that is wanted: adds a report to its blobs and says in its response and its metadata where that is.
    /// </summary>
    /// <param name="ended">The action.</param>
    /// <param name="platform">What its platform asks for.</param>
    /// <param name="command">What was run.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>True if its result is to be kept out of the cache.</returns>
    public async Task<bool> FinishAsync(FinishedRun ended, ActionPlatform platform, SandboxCommand command, CancellationToken cancellationToken)
    {
        ActionLease lease = ended.Run.Lease;
        Reapi.ExecuteResponse response = ended.Run.Response;
        bool runsAgain = ended.Outcome is { ExitCode: 0, TimedOut: false, Root: not null } && !lease.Action.DoNotCache && response.Status is null
            && SecondRun.Picks(lease.ActionDigest.Hash, settings.Rerun);
        if (IsWanted(platform) && !sandbox.WatchesReads)
            response.Message += $"the action was not audited: that takes namespaces, and the sandbox of worker '{options.Name}' is '{sandbox.Tier}'\n";
        if (!command.Audit && !runsAgain)
            return false;

        var report = new AuditReport { Action = lease.ActionDigest.ToProto(), Worker = options.Name, Sandbox = sandbox.Tier };
        if (command.Audit)
            Metrics.Count(report.Accesses = await MakeAccessesAsync(ended, command, cancellationToken));
        if (runsAgain)
            Metrics.CountRerun(report.SecondRun = await TryAgainAsync(ended, command, cancellationToken));
        Digest digest = ended.Blobs.Add(report);
        bool differs = report.SecondRun?.Differences.Count > 0;
        ended.Run.Metadata.AuxiliaryMetadata.Add(Any.Pack(new Audited { Report = digest.ToProto(), Differs = differs }));
        if (differs)
        {
            WorkerLog.NotDeterministic(
                logger, lease.ActionDigest.ToString(), report.SecondRun!.Differences[0].Path, report.SecondRun.Differences.Count - 1, digest.ToArgument(), settings.Quarantines);
            response.Message += $"a second run of the action made something else of '{report.SecondRun.Differences[0].Path}'{(settings.Quarantines ? "; the result is not cached" : "")}\n";
        }

        if (command.Audit || differs)
            response.Message += $"the action was audited; see: remoteexec audit {(digest.Instance.IsEmpty ? "" : $"--instance {digest.Instance} ")}{digest.ToArgument()}\n";
        return differs && settings.Quarantines;
    }

    private bool IsWanted(ActionPlatform platform) => platform.Audit ?? settings.Reads;

    private async Task<Accesses> MakeAccessesAsync(FinishedRun ended, SandboxCommand command, CancellationToken cancellationToken)
    {
        IReadOnlyList<Access> accesses = AccessRecord.Parse(await File.ReadAllBytesAsync(command.Directory.AuditPath, cancellationToken));
        InputListing? listing = await inputs.ListAsync(ended.Run.Lease, MaxListedInputs, cancellationToken);
        string[] kept = [.. ended.Command.Caches.Select(cache => Path.Combine(ended.SeenRoot, cache.Path))];
        return new AccessReport(ended.SeenRoot, ended.Outcome.Root, listing, command.Image, host, kept).Make(accesses);
    }

    // A worker that is short of something for a second run has done the first all the same.
    private async Task<Protocol.Audits.SecondRun?> TryAgainAsync(FinishedRun ended, SandboxCommand command, CancellationToken cancellationToken)
    {
        try
        {
            return await second.CompareAsync(ended, command, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or Cas.CasException)
        {
            WorkerLog.NoSecondRun(logger, ended.Run.Lease.ActionDigest.ToString(), exception.Message);
            return null;
        }
    }
}
