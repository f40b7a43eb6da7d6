namespace RemoteExec.Probe.Load;

/// <summary>Says to callers whether there is another call to make, and whether it counts. Thread-safe.</summary>
/// <param name="plan">How many and how long.</param>
/// <param name="time">The clock.</param>
internal sealed class LoadTurns(LoadPlan plan, TimeProvider time)
{
    private readonly long begin = time.GetTimestamp();
    private long left = plan.Count ?? long.MaxValue;
    private long first; // when counting began; 0 before
    private long last;

    /// <summary>From the begin of the first call that counted to the end of the last.</summary>
    public TimeSpan Counted => last == 0 ? TimeSpan.Zero : time.GetElapsedTime(first, last);

    /// <summary>Begins a call, if there is to be another.</summary>
    public bool TryBegin(out bool counts)
    {
        counts = time.GetElapsedTime(begin) >= plan.WarmUp;
        if (!counts)
            return true;
        long now = time.GetTimestamp();
        Interlocked.CompareExchange(ref first, now, 0);
        return plan.Count is null ? time.GetElapsedTime(Volatile.Read(ref first), now) < plan.Duration : Interlocked.Decrement(ref left) >= 0;
    }

    /// <summary>A call that counts has ended.</summary>
    public void End()
    {
        long now = time.GetTimestamp();
        long seen = Volatile.Read(ref last);
        while (now > seen && Interlocked.CompareExchange(ref last, now, seen) is var found && found != seen)
            seen = found;
    }
}
