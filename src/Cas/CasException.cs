using RemoteExec.Protocol;

namespace RemoteExec.Cas;

/// <summary>A failure of the storage side, carrying data; mapped to a status by <c>Services/CasErrors</c>.</summary>
public abstract class CasException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>The medium behind a store failed; the same call may succeed later.</summary>
public sealed class StoreUnavailableException(string store, Exception? innerException)
    : CasException($"store '{store}' is unavailable: {innerException?.Message ?? "no reason known"}", innerException)
{
    /// <summary>The name of the store.</summary>
    public string Store { get; } = store;

    /// <summary>
    /// True if a write broke off that the store could have repeated, had it still had the content: who has it may write it anew at once.
    /// </summary>
    public bool MayBeginAnew { get; init; }
}

/// <summary>There is no room for a blob, and none can be made.</summary>
public sealed class StoreFullException(string store, long neededBytes, string advice)
    : CasException($"store '{store}' has no room for {neededBytes} bytes: {advice}")
{
    /// <summary>The name of the store.</summary>
    public string Store { get; } = store;

    /// <summary>The bytes that were asked for.</summary>
    public long NeededBytes { get; } = neededBytes;
}

/// <summary>A store that is only read was to be written (BSW-16).</summary>
public sealed class StoreReadOnlyException(string store) : CasException($"store '{store}' is read-only")
{
    /// <summary>The name of the store.</summary>
    public string Store { get; } = store;
}

/// <summary>What was uploaded is not what its digest names (CAS-07, BSW-05).</summary>
public sealed class BlobMismatchException(Digest expected, string found)
    : CasException($"the content does not match {expected}: {found}")
{
    /// <summary>The digest under which it was uploaded.</summary>
    public Digest Expected { get; } = expected;
}

/// <summary>A stored blob turned out to be damaged while it was read; it has been dropped and is reported missing from now on (BSR-08).</summary>
public sealed class BlobCorruptException(Digest digest) : CasException($"the stored copy of {digest} is damaged and was dropped")
{
    /// <summary>The damaged blob.</summary>
    public Digest Digest { get; } = digest;
}

/// <summary>Blobs that an operation depends on are absent.</summary>
public sealed class BlobsMissingException(IReadOnlyCollection<Digest> digests)
    : CasException($"{digests.Count} blob(s) missing: {string.Join(", ", digests.Take(5))}{(digests.Count > 5 ? ", …" : "")}")
{
    /// <summary>All of them, as far as they are known.</summary>
    public IReadOnlyCollection<Digest> Digests { get; } = digests;
}

/// <summary>There is no such instance (GEN-03).</summary>
public sealed class InstanceUnknownException(InstanceName instance)
    : CasException($"there is no instance '{instance}' here: use one of those that the server is configured for")
{
    /// <summary>The instance.</summary>
    public InstanceName Instance { get; } = instance;
}
