namespace RemoteExec.Probe.Load;

/// <summary>How a server is loaded.</summary>
public sealed record LoadPlan
{
    /// <summary>How many calls are under way at a time.</summary>
    public int Concurrency { get; init; } = 16;

    /// <summary>How long calls are counted, unless <see cref="Count"/> says how many.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many calls are counted; null for as many as the time allows.</summary>
    public long? Count { get; init; }

    /// <summary>How long calls are made before any is counted: connections, compilers and caches need a while.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>What content is made of, and in which order it is asked for.</summary>
    public int Seed { get; init; }
}
