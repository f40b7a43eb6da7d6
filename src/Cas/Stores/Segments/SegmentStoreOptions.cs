using RemoteExec.Cas.Compression;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>The settings of a <see cref="SegmentStore"/>.</summary>
public sealed record SegmentStoreOptions
{
    /// <summary>The largest segment: the place of a record in its segment is 32 bits of 16-byte units.</summary>
    internal const long LargestSegment = 64L << 30;

    private const long SmallestSegment = 4096;

    /// <summary>What messages to people call the store.</summary>
    public string Name { get; init; } = "segments";

    /// <summary>The directory, of this store alone; created (mode 0700) if it is absent.</summary>
    public required string Path { get; init; }

    /// <summary>The bound on the bytes on disk. The segment being written while another is evicted may exceed it for that moment.</summary>
    public required long MaxBytes { get; init; }

    /// <summary>
    /// The size of a segment, the unit of eviction; a blob that is larger gets a segment of its own. 0 (the default) derives it from
    /// <see cref="MaxBytes"/>: a sixteenth, but at most 1 GiB.
    /// </summary>
    public long SegmentBytes { get; init; }

    /// <summary>How much of its disk the store leaves free, by shrinking if others fill it; 0 if it shrinks only when the disk is full.</summary>
    public long MinFreeBytes { get; init; }

    /// <summary>What the disk has free; null to ask it.</summary>
    internal Func<long>? FreeBytes { get; init; }

    /// <summary>How much of <see cref="MaxBytes"/> may be kept from eviction for builds that are under way, in percent, at most 75.</summary>
    public int BuildsPercent { get; init; } = 50;

    /// <summary>When commits are brought to the medium.</summary>
    public Durability Durability { get; init; } = Durability.Group;

    /// <summary>Whether values are compressed that shrink.</summary>
    public SegmentCompression Compression { get; init; }

    /// <summary>To what part of its length, in percent, the beginning of a value has to shrink for the value to be compressed; above 100 for tests.</summary>
    internal int CompressedPercent { get; init; } = 87;

    /// <summary>The segment size that is in force.</summary>
    internal long EffectiveSegmentBytes => SegmentBytes != 0 ? SegmentBytes : Math.Clamp(MaxBytes / 16, SmallestSegment, 1L << 30);

    /// <summary>The longest record that can be kept: the active segment stays besides it.</summary>
    internal long LargestRecord => Math.Min(MaxBytes - EffectiveSegmentBytes, IndexSlot.LengthLimit);

    /// <summary>Yields a sentence for every problem; nothing if the settings are good.</summary>
    public IEnumerable<string> Validate()
    {
        if (string.IsNullOrWhiteSpace(Path))
            yield return "path is empty: name the directory of the store";
        if (MaxBytes < 4 * SmallestSegment)
            yield return $"maxBytes is {MaxBytes}: it must be at least {4 * SmallestSegment}";
        else if (SegmentBytes > MaxBytes / 4)
            yield return $"segmentBytes is {SegmentBytes}: it must not be more than a quarter of maxBytes ({MaxBytes / 4})";
        if (Compression == SegmentCompression.Zstd && !ZstdLibrary.IsAvailable)
            yield return "compression is zstd, but libzstd.so.1 is not installed";
        if (MinFreeBytes < 0)
            yield return $"minFreeBytes is {MinFreeBytes}: it must not be negative";
        if (BuildsPercent is < 0 or > 75)
            yield return $"buildsPercent is {BuildsPercent}: it must be between 0 and 75";
        if (SegmentBytes != 0 && SegmentBytes is < SmallestSegment or > LargestSegment)
            yield return $"segmentBytes is {SegmentBytes}: it must be 0 (derived from maxBytes) or between {SmallestSegment} and {LargestSegment}";
    }
}
