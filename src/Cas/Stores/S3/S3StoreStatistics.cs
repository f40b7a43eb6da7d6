namespace RemoteExec.Cas.Stores.S3;

/// <summary>What an operator wants to know of an <see cref="S3Store"/>.</summary>
public sealed record S3StoreStatistics
{
    /// <summary>Blobs that are known to be in the bucket.</summary>
    public required long Blobs { get; init; }

    /// <summary>Blobs that wait on the local disk to be uploaded.</summary>
    public required long BacklogBlobs { get; init; }

    /// <summary>Bytes that wait to be uploaded, what is being written included.</summary>
    public required long BacklogBytes { get; init; }

    /// <summary>How many bytes may wait; then writes are refused.</summary>
    public required long MaxBacklogBytes { get; init; }

    /// <summary>How long that has waited that has waited for longest; null if nothing waits.</summary>
    public required TimeSpan? BacklogAge { get; init; }
}
