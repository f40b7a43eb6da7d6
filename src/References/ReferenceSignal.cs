namespace RemoteExec.References;

/// <summary>Wakes those who wait for a change. Thread-safe.</summary>
internal sealed class ReferenceSignal
{
    private TaskCompletionSource next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends at the next change after this was asked for.</summary>
    public Task Next => Volatile.Read(ref next).Task;

    /// <summary>Something has changed.</summary>
    public void Raise() => Interlocked.Exchange(ref next, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
}
