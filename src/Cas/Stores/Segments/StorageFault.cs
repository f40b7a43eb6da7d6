namespace RemoteExec.Cas.Stores.Segments;

/// <summary>What a failed system call means for the caller of the store: one place.</summary>
internal static class StorageFault
{
    private static readonly int[] noSpace = [28 /* ENOSPC */, 122 /* EDQUOT */, 27 /* EFBIG: RLIMIT_FSIZE */, unchecked((int)0x80070070) /* ERROR_DISK_FULL */];

    /// <summary>The exception to throw.</summary>
    public static CasException From(Exception fault, string store, long bytes) => noSpace.Contains(fault.HResult)
        ? new StoreFullException(store, bytes, $"its disk is full ({fault.Message}): free some space there, or lower the store's maxBytes below what the disk has")
        : new StoreUnavailableException(store, fault);
}
