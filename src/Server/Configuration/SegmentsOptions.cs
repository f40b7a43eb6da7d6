using RemoteExec.Cas.Stores.Segments;

namespace RemoteExec.Server.Configuration;

/// <summary>Blobs on a local disk, in large append-only files.</summary>
internal sealed record SegmentsOptions : StoreOptions
{
    /// <summary>The directory; made if it does not exist. Only one server may use it at a time.</summary>
    public string Path { get; init; } = "";

    /// <summary>How much of the disk the store may use, as a size or as a share of the disk; the least recently used blobs leave when it is full.</summary>
    public StoreSize MaxBytes { get; init; } = StoreSize.OfDisk(10);

    /// <summary>
    /// What a power failure may cost: `fast`, the blobs of about the last half minute; `group`, those of the last second; `always`, none that was acknowledged, but each
    /// write waits for the disk. Nothing that is damaged is ever served.
    /// </summary>
    public Durability Durability { get; init; } = Durability.Group;

    /// <summary>
    /// Whether what is written from now on is compressed: `none`; `zstd`, blobs of more than 16 KiB whose beginning shrinks. Clients that ask for zstd get these as they are stored; for
    /// others they are decompressed. What was written before stays as it is, and readable.
    /// </summary>
    public SegmentCompression Compression { get; init; } = SegmentCompression.None;

    /// <inheritdoc/>
    public override IEnumerable<OptionProblem> Validate()
    {
        if (Path.Length == 0)
            yield return new(nameof(Path), "is missing: name a directory");
        if (MaxBytes.IsZero)
            yield return new(nameof(MaxBytes), "must be positive");
    }
}
