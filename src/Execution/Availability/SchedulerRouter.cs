using RemoteExec.Execution.Scheduling;

namespace RemoteExec.Execution.Availability;

/// <summary>Knows where the active scheduler is, for those who have to ask it. Thread-safe; one at a time says what is new.</summary>
/// <param name="access">How servers show each other who they are.</param>
/// <param name="time">The clock.</param>
public sealed class SchedulerRouter(PeerAccess access, TimeProvider time) : IAsyncDisposable
{
    private readonly Lock gate = new(); // guards the fields below
    private TaskCompletionSource changed = NewSignal();
    private SchedulerRoute? route;
    private LeaseHolder? followed;
    private bool isClosed;

    /// <summary>How long a call waits for a scheduler to become the active one.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(10);

    /// <summary>Where the active scheduler is; waits for one, but not for ever.</summary>
    /// <exception cref="NoActiveSchedulerException">None became active in time.</exception>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    internal async Task<SchedulerRoute> FindAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset end = time.GetUtcNow() + Patience;
        while (true)
        {
            Task change;
            lock (gate)
            {
                if (isClosed)
                    throw new NoActiveSchedulerException("this server shuts down: try another, or again in a few seconds");
                if (route is { } found)
                    return found;
                change = changed.Task;
            }

            try
            {
                TimeSpan left = end - time.GetUtcNow();
                await change.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                throw new NoActiveSchedulerException("no scheduler is the active one just now, or none is known here: try again in a few seconds");
            }
        }
    }

    /// <summary>This server has become the active one.</summary>
    /// <param name="queue">What it decides with.</param>
    /// <param name="addresses">Where others reach it.</param>
    internal Task LeadAsync(ActionQueue queue, SchedulerAddresses addresses) =>
        ChangeAsync(new SchedulerRoute.Here(queue, new SchedulerPeer(addresses, access)), null);

    /// <summary>Another server is the active one; false if that is known.</summary>
    public async Task<bool> FollowAsync(LeaseHolder holder)
    {
        if (holder == followed)
            return false;
        await ChangeAsync(new SchedulerRoute.Elsewhere(new SchedulerPeer(holder.Addresses, access)), holder);
        return true;
    }

    /// <summary>Nobody is, or it is not known who.</summary>
    internal Task LoseAsync() => ChangeAsync(null, null);

    /// <summary>Ends calls that were carried on, and those that wait.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (gate)
            isClosed = true;
        await LoseAsync();
    }

    // Continuations run elsewhere: it is completed under the lock.
    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Calls on the way that was taken before end, and are made again on the new one.</summary>
    private async Task ChangeAsync(SchedulerRoute? next, LeaseHolder? holder)
    {
        SchedulerRoute? before;
        lock (gate)
        {
            before = route;
            route = next;
            followed = holder;
            changed.TrySetResult();
            changed = NewSignal();
        }

        if (before is SchedulerRoute.Elsewhere elsewhere)
            await elsewhere.Peer.DisposeAsync();
        else if (before is SchedulerRoute.Here here)
            await here.Self.DisposeAsync();
    }
}
