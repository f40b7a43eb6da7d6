using System.Runtime.CompilerServices;
using RemoteExec.Execution.Scheduling;

namespace RemoteExec.Execution.Operations;

/// <summary>
/// The states of one operation, from the scheduler to everybody who waits for it. A reader gets the state at hand first and the newest
/// after each change; a slow one misses states in between, never the last.
/// </summary>
/// <param name="gate">Guards the fields below; one lock for many feeds will do.</param>
internal sealed class OperationFeed(Lock gate)
{
    private OperationState? current;
    private TaskCompletionSource? changed; // made when somebody waits: many operations are only looked at when they are done
    private Exception? end;

    /// <summary>The newest state; null before the first.</summary>
    public OperationState? Current
    {
        get
        {
            lock (gate)
                return current;
        }
    }

    /// <summary>Brings a newer state.</summary>
    public void Publish(OperationState state)
    {
        lock (gate)
        {
            current = state;
            changed?.TrySetResult();
            changed = null;
        }
    }

    /// <summary>Ends the feed of an operation that is no more, or that nothing more is heard of here.</summary>
    /// <param name="reason">What those who wait are told.</param>
    public void End(Exception reason)
    {
        lock (gate)
        {
            end ??= reason;
            changed?.TrySetResult();
            changed = null;
        }
    }

    /// <summary>
    /// The state at hand, then each newer one until the operation is done. A state that lasts longer than <paramref name="repeatAfter"/> is
    /// repeated each time it passes.
    /// </summary>
    /// <exception cref="OperationNotFoundException">The operation was deleted meanwhile.</exception>
    /// <exception cref="SchedulerStoppedException">Nothing more is heard of it here.</exception>
    public async IAsyncEnumerable<OperationState> ReadAsync(
        TimeSpan repeatAfter, TimeProvider time, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            (OperationState? state, Task next, Exception? ended) = Look();
            if (ended is not null && state is not { IsDone: true })
                throw ended;
            if (state is not null)
                yield return state;
            if (state is { IsDone: true })
                yield break;
            await WaitAsync(next, repeatAfter, time, cancellationToken);
        }
    }

    private static async Task WaitAsync(Task next, TimeSpan atMost, TimeProvider time, CancellationToken cancellationToken)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(next, Task.Delay(atMost, time, giveUp.Token));
        await giveUp.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    // Continuations run elsewhere: Publish is called under the scheduler's lock.
    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private (OperationState? State, Task Next, Exception? Ended) Look()
    {
        lock (gate)
            return (current, end is null ? (changed ??= NewSignal()).Task : Task.CompletedTask, end);
    }
}
