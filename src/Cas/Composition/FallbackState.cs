using Microsoft.Extensions.Logging;

namespace RemoteExec.Cas.Composition;

/// <summary>Whether the first store of a <see cref="FallbackStore"/> is there, as its calls show; tells the log once at each change.</summary>
internal sealed class FallbackState(string name, ILogger logger, TimeProvider time)
{
    // A cluster of which a part is away answers some calls and not others.
    private static readonly TimeSpan quietTime = TimeSpan.FromSeconds(5);

    private readonly Lock gate = new(); // guards the fields below
    private long lastFailure;
    private DateTimeOffset since = time.GetUtcNow();
    private volatile bool isAway;

    /// <summary>Whether the store is there, and since when.</summary>
    public NodeStatus Status
    {
        get
        {
            lock (gate)
                return new NodeStatus(name, !isAway, since);
        }
    }

    /// <summary>A call failed.</summary>
    public void Failed(StoreUnavailableException reason)
    {
        lock (gate)
        {
            lastFailure = time.GetTimestamp();
            if (isAway)
                return;
            isAway = true;
            since = time.GetUtcNow();
        }

        CasLog.FallbackEntered(logger, name, reason.Message);
    }

    /// <summary>A call was answered.</summary>
    public void Answered()
    {
        if (!isAway)
            return;
        lock (gate)
        {
            if (!isAway || time.GetElapsedTime(lastFailure) < quietTime)
                return;
            isAway = false;
            since = time.GetUtcNow();
        }

        CasLog.FallbackLeft(logger, name);
    }
}
