using Microsoft.Extensions.Logging;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>What a failed system call means for the callers of a store, and for who looks after its disk: one place.</summary>
/// <param name="store">The name of the store.</param>
/// <param name="logger">Told of a disk that fails: now and then, however often it does. That it is full is told by who makes room.</param>
/// <param name="time">The clock.</param>
internal sealed class StorageFaults(string store, ILogger logger, TimeProvider time)
{
    private static readonly int[] noSpace = [28 /* ENOSPC */, 122 /* EDQUOT */, 27 /* EFBIG: RLIMIT_FSIZE */, unchecked((int)0x80070070) /* ERROR_DISK_FULL */];
    private static readonly TimeSpan pause = TimeSpan.FromMinutes(1);
    private long quietSince;

    /// <summary>The name of the store.</summary>
    public string Store => store;

    /// <summary>The exception to throw.</summary>
    /// <param name="fault">What the system call ended with.</param>
    /// <param name="bytes">How many bytes were to be written; 0 if none were.</param>
    public CasException Of(Exception fault, long bytes)
    {
        if (noSpace.Contains(fault.HResult))
            return new StoreFullException(store, bytes, $"its disk is full ({fault.Message}): free some space there, or lower the store's maxBytes below what the disk has");
        Tell(fault);
        return new StoreUnavailableException(store, fault);
    }

    private void Tell(Exception fault)
    {
        long now = Math.Max(1, time.GetTimestamp());
        long since = Interlocked.Read(ref quietSince);
        if ((since == 0 || time.GetElapsedTime(since, now) >= pause) && Interlocked.CompareExchange(ref quietSince, now, since) == since)
            CasLog.DiskFailed(logger, store, fault.Message);
    }
}
