using RemoteExec.Cas.Builds;

namespace RemoteExec.Builds.Calls;

/// <summary>
/// Where calls leave what came of them, for somebody to fetch it a little later. What does not fit is counted and forgotten. May be told concurrently; one fetches.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class CallBuffer(TimeProvider time) : ICallObserver
{
    // Few enough that what was written is still in the processor's caches when it is read, and many more than one wakes a thread for.
    private const int WakeAt = 2048;

    private readonly SemaphoreSlim filling = new(0, 1);
    private readonly Lock gate = new(); // guards what follows
    private CallBatch current = new();
    private CallBatch spare = new();
    private bool isFilling;
    private long dropped;

    /// <inheritdoc/>
    public bool IsEnabled => true;

    /// <summary>How many calls were not taken, because there was no room.</summary>
    public long Dropped => Interlocked.Read(ref dropped);

    /// <inheritdoc/>
    public void Observe(in CallEvent call)
    {
        long now = time.GetTimestamp();
        lock (gate)
        {
            if (!current.TryAdd(call, now))
                dropped++;
            if (isFilling || current.Count < WakeAt)
                return;
            isFilling = true;
            if (filling.CurrentCount == 0) // somebody may have fetched without having waited
                filling.Release();
        }
    }

    /// <summary>Returns after some time, or before if there is much to fetch.</summary>
    public Task WaitAsync(TimeSpan longest, CancellationToken cancellationToken) => filling.WaitAsync(longest, cancellationToken);

    /// <summary>What was told since it was fetched last. Valid until the next time.</summary>
    public CallBatch Fetch()
    {
        lock (gate)
        {
            (current, spare) = (spare, current);
            current.Clear();
            isFilling = false;
            return spare;
        }
    }
}
