using System.Net.Security;
using RemoteExec.Execution.Scheduling;

namespace RemoteExec.Execution.Availability;

/// <summary>Knows where the active scheduler is, for those who have to ask it. Thread-safe; one at a time says what is new.</summary>
/// <param name="ssl">Whom to trust where servers speak TLS; null for whom the system trusts.</param>
/// <param name="time">The clock.</param>
public sealed class SchedulerRouter(SslClientAuthenticationOptions? ssl, TimeProvider time) : IAsyncDisposable
{
    private readonly Lock gate = new(); // guards the fields below
    private TaskCompletionSource changed = NewSignal();
    private SchedulerRoute? route;
    private LeaseHolder? followed;

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
        ChangeAsync(new SchedulerRoute.Here(queue, new SchedulerPeer(addresses, ssl)), null);

    /// <summary>Another server is the active one.</summary>
    public Task FollowAsync(LeaseHolder holder) =>
        holder == followed ? Task.CompletedTask : ChangeAsync(new SchedulerRoute.Elsewhere(new SchedulerPeer(holder.Addresses, ssl)), holder);

    /// <summary>Nobody is, or it is not known who.</summary>
    internal Task LoseAsync() => ChangeAsync(null, null);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await LoseAsync();

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
