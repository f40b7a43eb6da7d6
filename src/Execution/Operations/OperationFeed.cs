using System.Runtime.CompilerServices;

namespace RemoteExec.Execution.Operations;

/// <summary>
/// The states of one operation, from the scheduler to everybody who waits for it. A reader gets the state at hand first and the newest
/// after each change; a slow one misses states in between, never the last.
/// </summary>
internal sealed class OperationFeed(OperationState first)
{
    private readonly Lock gate = new(); // guards the fields below
    private OperationState current = first;
    private TaskCompletionSource changed = NewSignal();
    private bool closed;

    /// <summary>The newest state.</summary>
    public OperationState Current
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
            changed.TrySetResult();
            changed = NewSignal();
        }
    }

    /// <summary>Ends the feed of an operation that was deleted or forgotten.</summary>
    public void Close()
    {
        lock (gate)
        {
            closed = true;
            changed.TrySetResult();
        }
    }

    /// <summary>
    /// The state at hand, then each newer one until the operation is done. A state that lasts longer than <paramref name="repeatAfter"/> is
    /// repeated each time it passes.
    /// </summary>
    /// <exception cref="OperationNotFoundException">The operation was deleted meanwhile.</exception>
    public async IAsyncEnumerable<OperationState> ReadAsync(
        TimeSpan repeatAfter, TimeProvider time, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            (OperationState state, Task next, bool isClosed) = Look();
            if (isClosed && !state.IsDone)
                throw new OperationNotFoundException(state.Name.ToString());
            yield return state;
            if (state.IsDone)
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

    private (OperationState State, Task Next, bool Closed) Look()
    {
        lock (gate)
            return (current, changed.Task, closed);
    }
}
