using Microsoft.Extensions.Logging;
using RemoteExec.Execution.Journal;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Redis;

namespace RemoteExec.Execution.Availability;

/// <summary>
/// What a server is among schedulers that share a Redis: it stands by and follows the journal, becomes the active one when nobody has the lease, and stands by again when another took it.
/// The <see cref="SchedulerRouter"/> is told all the time who is active. Work begins with the constructor and ends with disposing.
/// </summary>
public sealed class SchedulerRole : IAsyncDisposable
{
    private static readonly TimeSpan lookInterval = TimeSpan.FromMilliseconds(200);

    private readonly SharedJournal journal;
    private readonly SchedulerAddresses? addresses;
    private readonly SchedulerRouter router;
    private readonly Func<IJournal, JournalState, ActionQueue> open;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private readonly SchedulerLease lease;
    private readonly CancellationTokenSource handingOver = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly TaskCompletionSource handedOver = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task running;
    private bool isCandidate;
    private long knownEpoch;

    /// <summary>Begins.</summary>
    /// <param name="journal">The Redis.</param>
    /// <param name="addresses">Where other servers reach this one; null for a server that is never the active one.</param>
    /// <param name="router">Told who is active.</param>
    /// <param name="open">Makes the queue that goes on with a journal.</param>
    /// <param name="logger">For what an operator has to know.</param>
    /// <param name="time">The clock.</param>
    public SchedulerRole(
        SharedJournal journal, SchedulerAddresses? addresses, SchedulerRouter router, Func<IJournal, JournalState, ActionQueue> open, ILogger logger, TimeProvider time)
    {
        this.journal = journal;
        this.addresses = addresses;
        this.router = router;
        this.open = open;
        this.logger = logger;
        this.time = time;
        isCandidate = addresses is not null;
        lease = new SchedulerLease(journal, addresses);
        running = Task.Run(RunAsync);
    }

    /// <summary>How long nobody takes a lease after Redis was out of reach: its holder could not renew it, and is to come first.</summary>
    internal static TimeSpan OutageGrace { get; } = TimeSpan.FromSeconds(5);

    /// <summary>Gives up being the active one, if it is, and does not become it again. Calls are carried on to the next one.</summary>
    public async Task HandOverAsync()
    {
        await handingOver.CancelAsync();
        await handedOver.Task;
    }

    /// <summary>Tells the operator how the Redis is.</summary>
    /// <param name="logger">Where it is told.</param>
    /// <param name="problem">What is wrong with it; null if nothing is any more.</param>
    public static void Report(ILogger logger, string? problem)
    {
        if (problem is null)
            ExecutionLog.SchedulerRedisWell(logger);
        else
            ExecutionLog.SchedulerRedisProblem(logger, problem);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await HandOverAsync();
        await stopping.CancelAsync();
        await running;
        handingOver.Dispose();
        stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                var state = new JournalFollower(journal);
                await LeadAsync(await StandByAsync(state), state);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Disposed.
        }
        finally
        {
            handedOver.TrySetResult();
        }
    }

    /// <summary>Follows the journal until the lease can be had; returns the new epoch.</summary>
    private async Task<long> StandByAsync(JournalFollower state)
    {
        DateTimeOffset notBefore = DateTimeOffset.MinValue;
        bool hasForgotten = false;
        while (true)
        {
            if (handingOver.IsCancellationRequested)
                handedOver.TrySetResult();
            bool mayLead = isCandidate && !handingOver.IsCancellationRequested;
            try
            {
                JournalView view = await (isCandidate ? state.ReadAsync(stopping.Token) : state.LookAsync(stopping.Token));
                if (view.Epoch < knownEpoch && !hasForgotten)
                    notBefore = Later(notBefore);
                hasForgotten = view.Epoch < knownEpoch;
                knownEpoch = Math.Max(knownEpoch, view.Epoch);
                if (LeaseHolder.Parse(view.Lease) is { } holder && holder.Addresses != addresses)
                    await FollowAsync(holder);
                else
                    await router.LoseAsync();
                if (view.HasMore)
                    continue;
                if (mayLead && view.Lease.Length == 0 && time.GetUtcNow() >= notBefore && await lease.TryAcquireAsync(knownEpoch, stopping.Token) is { } epoch)
                    return knownEpoch = epoch;
            }
            catch (RedisUnavailableException)
            {
                notBefore = Later(notBefore);
            }
            catch (Exception exception) when (exception is not OperationCanceledException && isCandidate)
            {
                GiveUp(exception);
            }

            await Task.Delay(lookInterval, time, stopping.Token);
        }
    }

    /// <summary>Is the active one until it is lost, or handed over.</summary>
    private async Task LeadAsync(long epoch, JournalFollower state)
    {
        using var term = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token, handingOver.Token);
        Task renewing = RenewAsync(epoch, term.Token);
        try
        {
            await ServeAsync(epoch, state, renewing, term.Token);
            ExecutionLog.NoLongerActive(logger, epoch);
        }
        catch (OperationCanceledException) when (term.IsCancellationRequested)
        {
            await ReleaseAsync(epoch);
        }
        catch (Exception exception)
        {
            GiveUp(exception);
            await ReleaseAsync(epoch);
        }
        finally
        {
            await term.CancelAsync();
            await renewing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Ends when another became the active one; throws when the token fires.</summary>
    private async Task ServeAsync(long epoch, JournalFollower state, Task renewing, CancellationToken cancellationToken)
    {
        long start = time.GetTimestamp();
        IJournal written = await state.TakeOverAsync(epoch, time, cancellationToken);
        ActionQueue queue = open(written, state.State);
        try
        {
            await router.LeadAsync(queue, addresses!);
            ExecutionLog.BecameActive(logger, epoch, state.State.Count, (long)time.GetElapsedTime(start).TotalMilliseconds);
            await await Task.WhenAny(renewing, queue.Lost);
        }
        finally
        {
            await router.LoseAsync();
            await queue.DisposeAsync(); // writes what is left to write
        }
    }

    /// <summary>Ends when another became the active one.</summary>
    private async Task RenewAsync(long epoch, CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(SchedulerLease.RenewInterval, time, cancellationToken);
            try
            {
                if (!await lease.RenewAsync(epoch, cancellationToken))
                    return;
            }
            catch (RedisUnavailableException)
            {
                // Nobody else can take it meanwhile, or if somebody can, nothing is written any more.
            }
        }
    }

    private async Task ReleaseAsync(long epoch)
    {
        try
        {
            await lease.ReleaseAsync(epoch, CancellationToken.None);
            ExecutionLog.HandedOver(logger, epoch);
        }
        catch (RedisUnavailableException)
        {
            // It runs out.
        }
    }

    private async Task FollowAsync(LeaseHolder holder)
    {
        if (await router.FollowAsync(holder))
            ExecutionLog.FollowsActive(logger, holder.Addresses.Clients.ToString(), holder.Epoch);
    }

    private void GiveUp(Exception exception)
    {
        isCandidate = false;
        ExecutionLog.JournalNotUnderstood(logger, exception);
    }

    private DateTimeOffset Later(DateTimeOffset notBefore)
    {
        DateTimeOffset end = time.GetUtcNow() + OutageGrace;
        return end > notBefore ? end : notBefore;
    }
}
