namespace RemoteExec.Server.Quotas;

/// <summary>So much a second, and twice as much for one. Whoever takes more than there is owes it, and waits until it is there. Thread-safe.</summary>
/// <param name="perSecond">How much, &gt; 0.</param>
/// <param name="time">The clock.</param>
internal sealed class TokenBucket(double perSecond, TimeProvider time)
{
    private const double BurstSeconds = 2;
    private readonly Lock gate = new(); // guards the two below
    private double left = perSecond * BurstSeconds;
    private long counted = time.GetTimestamp();

    /// <summary>Takes some, and says how long to wait until it is there.</summary>
    public TimeSpan Take(double count)
    {
        lock (gate)
        {
            Fill();
            left -= count;
            return Owed();
        }
    }

    /// <summary>Takes some unless it would not be there within so long; says when it is.</summary>
    public bool TryTake(double count, TimeSpan longest, out TimeSpan wait)
    {
        lock (gate)
        {
            Fill();
            left -= count;
            wait = Owed();
            if (wait <= longest)
                return true;
            left += count;
            return false;
        }
    }

    private TimeSpan Owed() => left >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Min(-left / perSecond, TimeSpan.FromDays(1).TotalSeconds));

    private void Fill()
    {
        long now = time.GetTimestamp();
        left = Math.Min(perSecond * BurstSeconds, left + (time.GetElapsedTime(counted, now).TotalSeconds * perSecond));
        counted = now;
    }
}
