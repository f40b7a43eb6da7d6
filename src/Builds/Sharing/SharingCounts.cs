using Microsoft.Extensions.Logging;

namespace RemoteExec.Builds.Sharing;

/// <summary>What went wrong with sharing since the server was started. May be used concurrently.</summary>
/// <param name="logger">Told of it: of what is not understood once.</param>
internal sealed class SharingCounts(ILogger logger)
{
    private long dropped;
    private long missed;
    private long unknown;

    /// <summary>Batches of this server that others will not see: too many waited for Redis.</summary>
    public long Dropped => Interlocked.Read(ref dropped);

    /// <summary>Batches of others that were gone before this server read them.</summary>
    public long Missed => Interlocked.Read(ref missed);

    /// <summary>Batches, or parts of them, that another version has written, or that are damaged.</summary>
    public long Unknown => Interlocked.Read(ref unknown);

    /// <summary>Counts dropped ones.</summary>
    public void Drop(long count)
    {
        if (count == 0)
            return;
        Interlocked.Add(ref dropped, count);
        BuildsLog.BatchesDropped(logger, count);
    }

    /// <summary>Counts missed ones.</summary>
    public void Miss(long count)
    {
        if (count == 0)
            return;
        Interlocked.Add(ref missed, count);
        BuildsLog.BatchesMissed(logger, count);
    }

    /// <summary>Counts one that is not understood.</summary>
    public void NotUnderstood()
    {
        if (Interlocked.Increment(ref unknown) == 1)
            BuildsLog.BatchesNotUnderstood(logger);
    }
}
