using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc.Client;
using RemoteExec.Worker.Caches;
using RemoteExec.Worker.Disk;
using RemoteExec.Worker.Inputs;
using RemoteExec.Worker.Machine;
using RemoteExec.Worker.Persistent;
using RemoteExec.Worker.Sandbox;
using RemoteExec.Worker.Services;

namespace RemoteExec.Worker;

/// <summary>A worker: runs actions for a scheduler in a number of slots.</summary>
/// <param name="options">Its settings.</param>
/// <param name="cas">Where inputs come from and outputs go.</param>
/// <param name="scheduler">Who has the actions.</param>
/// <param name="logger">Where it logs.</param>
/// <param name="time">Its clock.</param>
public sealed class WorkerLoop(WorkerOptions options, IBlobStore cas, RpcChannel scheduler, ILogger logger, TimeProvider time)
{
    /// <summary>
    /// The CAS without its verification, for outputs that this worker has hashed; null if it has to verify them, as any does that is not in this process.
    /// </summary>
    public IBlobStore? HashedOutputs { get; init; }

    /// <summary>
    /// The value of the authorization header for calls to the CAS and the scheduler that are made in the flow that asks: what the scheduler gave with the action that they are made for. Null for the worker's own.
    /// </summary>
    public static string? AuthorizationOfAction => LeaseCredential.Current?.Header;

    /// <summary>Makes the meter of what the worker counts; null for one that belongs to the process.</summary>
    public IMeterFactory? Meters { get; init; }

    /// <summary>
    /// Runs until cancelled; then takes no further action, lets those that run end within the grace period, and hands back the others.
    /// A scheduler that can't be reached is waited for.
    /// </summary>
    /// <exception cref="ArgumentException">The settings are wrong.</exception>
    /// <exception cref="IOException">The scratch directory can't be used.</exception>
    /// <exception cref="InvalidOperationException">Actions are to run as users of their own, but can't.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (options.Validate().ToArray() is { Length: > 0 } problems)
            throw new ArgumentException(string.Join("; ", problems));
        await using ScratchDirectory scratch = await ScratchDirectory.OpenAsync(options.ScratchDirectory, logger);
        await using SandboxChoice choice = await SandboxProbe.ChooseAsync(options, scratch, time);
        Tell(choice.Report, choice.Users);
        await using var persistent = PersistentActions.For(options, scratch, choice.Sandbox, logger, time);
        await using var disk = DiskGuard.For(options, scratch, time);
        var inputs = new InputRoot(cas, scratch, options, hardlinks: choice.Users is not null);
        await using var ahead = new InputsAhead(inputs.Ahead, logger);
        var caches = NamedCaches.Open(scratch, options.Sandbox.CacheBytes, logger, time);
        using Meter meter = Meters?.Create(WorkerMetrics.MeterName) ?? new Meter(WorkerMetrics.MeterName);
        var metrics = new WorkerMetrics(meter);
        metrics.Observe(options.Slots, inputs, caches, persistent);
        var executor = new LocalActionExecutor(options, cas, scratch, choice.Sandbox, choice.Users, logger, time)
        {
            Inputs = inputs,
            Ahead = ahead,
            Metrics = metrics,
            Caches = caches,
            LogStreams = new LogStreamClient(scheduler),
            HashedOutputs = HashedOutputs,
            Persistent = persistent,
            Disk = disk,
        };
        await RunSlotsAsync(executor, SandboxOffers.Of(choice.Report.Tier, options.Sandbox), cancellationToken);
    }

    /// <summary>Runs the slots with any executor, and offers what is configured, and more.</summary>
    internal async Task RunSlotsAsync(IActionExecutor executor, IReadOnlyList<KeyValuePair<string, string>> offers, CancellationToken cancellationToken)
    {
        var connection = new SchedulerConnection(scheduler, logger, time);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var givingUp = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        await using CancellationTokenRegistration registration = stopping.Token.Register(() => givingUp.CancelAfter(options.GracePeriod));

        // A worker that starts anew is not the one the scheduler may remember.
        string process = $"{options.Name}/{Guid.NewGuid():N}";
        Resources resources = options.ToResources();
        Reapi.Platform platform = options.ToPlatform(offers);
        await Task.WhenAll(Enumerable.Range(0, options.Slots).Select(RunSlotAsync));

        async Task RunSlotAsync(int number)
        {
            try
            {
                var introduction = new SynchronizeRequest
                {
                    SlotId = $"{process}/{number}",
                    WorkerName = options.Name,
                    Platform = platform,
                    ProtocolMinor = WorkerProtocol.Minor,
                    WorkerId = process,
                    Resources = resources,
                };
                var slot = new WorkerSlot(introduction, executor, connection, logger, time);
                await slot.RunAsync(stopping.Token, givingUp.Token);
            }
            catch
            {
                // A slot never fails but for a defect: better no worker than one that loses slot after slot.
                await stopping.CancelAsync();
                throw;
            }
        }
    }

    private void Tell(SandboxReport report, ActionUsers? users)
    {
        WorkerLog.Started(logger, options.Name, options.Slots, options.ScratchDirectory, report.Tier, report.Users);
        foreach (TierFinding finding in report.Findings)
        {
            if (finding.Problem is { } problem)
                WorkerLog.TierUnavailable(logger, finding.Tier, problem);
        }

        if (report.Fallback is { } fallback)
            WorkerLog.SandboxByFallback(logger, report.Tier, fallback);
        if (report.LimitProblems.Count > 0)
            WorkerLog.LimitsUnavailable(logger, string.Join("; ", report.LimitProblems));
        if (report.Tier == SandboxTiers.Directory && users is null)
            WorkerLog.UsersNotSeparate(logger, report.Users);
    }
}
