namespace RemoteExec.Cas.Stores.Segments;

/// <summary>What an operator wants to know of a <see cref="SegmentStore"/>; the counts are since it was opened.</summary>
public sealed record SegmentStoreStatistics
{
    /// <summary>Blobs that can be read.</summary>
    public required long Blobs { get; init; }

    /// <summary>Bytes of all segments on disk, garbage included.</summary>
    public required long DiskBytes { get; init; }

    /// <summary>Segment files.</summary>
    public required int Segments { get; init; }

    /// <summary>The bound on <see cref="DiskBytes"/> now: that of the settings, or less while the disk is scarce.</summary>
    public required long BoundBytes { get; init; }

    /// <summary>How long ago the segment had been written when it was dropped that was dropped last; null before the first.</summary>
    public required TimeSpan? EvictionAge { get; init; }

    /// <summary>Bytes that were kept for builds under way when room was made last.</summary>
    public required long KeptBytes { get; init; }

    /// <summary>Blobs dropped to make room.</summary>
    public required long EvictedBlobs { get; init; }

    /// <summary>Bytes of segments dropped to make room, garbage included.</summary>
    public required long EvictedBytes { get; init; }

    /// <summary>Blobs copied out of a segment before it was dropped because they had been used.</summary>
    public required long MovedBlobs { get; init; }

    /// <summary>Bytes of the records copied so.</summary>
    public required long MovedBytes { get; init; }

    /// <summary>Records found damaged, at the start or by a reader, and dropped.</summary>
    public required long DamagedRecords { get; init; }

    /// <summary>How many times commits were brought to the medium, besides checkpoints.</summary>
    public required long Flushes { get; init; }

    /// <summary>Bytes of memory that the index takes.</summary>
    public required long IndexBytes { get; init; }

    /// <summary>Records that were read back at the start because no checkpoint covered them.</summary>
    public required long RecoveredRecords { get; init; }

    /// <summary>How long the start took.</summary>
    public required TimeSpan RecoveryTime { get; init; }
}
