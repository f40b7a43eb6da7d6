namespace RemoteExec.Cas.Stores;

/// <summary>What an operator wants to know of a <see cref="MemoryStore"/>; the counts are since it was made.</summary>
public sealed record MemoryStoreStatistics
{
    /// <summary>Blobs that can be read.</summary>
    public required long Blobs { get; init; }

    /// <summary>The sum of their lengths.</summary>
    public required long Bytes { get; init; }

    /// <summary>The bound on <see cref="Bytes"/>.</summary>
    public required long MaxBytes { get; init; }

    /// <summary>Blobs dropped to make room.</summary>
    public required long EvictedBlobs { get; init; }

    /// <summary>How long ago that was used last that was dropped last; null before the first.</summary>
    public required TimeSpan? EvictionAge { get; init; }
}
