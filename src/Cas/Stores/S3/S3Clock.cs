namespace RemoteExec.Cas.Stores.S3;

/// <summary>Numbers that ascend and are about the time: they go on rightly after the loss of all that was kept locally.</summary>
/// <param name="time">The clock.</param>
internal sealed class S3Clock(TimeProvider time)
{
    private long last;

    /// <summary>The hour since 1970.</summary>
    public uint Hour => (uint)(time.GetUtcNow().ToUnixTimeSeconds() / 3600);

    /// <summary>The next number: the time in microseconds, or one more than the last if that is later.</summary>
    public long Next()
    {
        long now = time.GetUtcNow().ToUnixTimeMilliseconds() * 1000;
        while (true)
        {
            long before = Interlocked.Read(ref last);
            long next = Math.Max(now, before + 1);
            if (Interlocked.CompareExchange(ref last, next, before) == before)
                return next;
        }
    }

    /// <summary>A number was given before: the next ones are higher.</summary>
    public void NotBefore(long number)
    {
        for (long before = Interlocked.Read(ref last); before < number; before = Interlocked.Read(ref last))
            Interlocked.CompareExchange(ref last, number, before);
    }
}
