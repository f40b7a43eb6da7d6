namespace RemoteExec.Benchmarks.Eviction;

/// <summary>The time of a trace.</summary>
internal sealed class TraceClock : TimeProvider
{
    private long now;

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override long GetTimestamp() => Interlocked.Read(ref now);

    /// <summary>Sets it.</summary>
    public void Set(double minute) => Interlocked.Exchange(ref now, TimeSpan.FromMinutes(minute).Ticks);
}
