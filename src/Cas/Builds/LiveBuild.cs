namespace RemoteExec.Cas.Builds;

/// <summary>A build that somebody runs, as far as its calls tell. Made and changed by <see cref="LiveBuilds"/>.</summary>
public sealed class LiveBuild
{
    private long seen;
    private int openCalls;

    internal LiveBuild(long began) => Began = seen = began;

    /// <summary>When its first call came, as a timestamp of the clock.</summary>
    internal long Began { get; }

    /// <summary>When the last of its calls began or ended.</summary>
    internal long Seen => Interlocked.Read(ref seen);

    /// <summary>True if one of its calls is under way.</summary>
    internal bool HasOpenCalls => Volatile.Read(ref openCalls) > 0;

    internal void Enter(long now)
    {
        Interlocked.Increment(ref openCalls);
        Interlocked.Exchange(ref seen, now);
    }

    internal void Leave(long now)
    {
        Interlocked.Exchange(ref seen, now);
        Interlocked.Decrement(ref openCalls);
    }
}
