namespace RemoteExec.Cas.Stores.Segments;

/// <summary>Which blobs are kept from eviction because of builds under way.</summary>
/// <param name="UsedFrom">Those used in this era or later.</param>
/// <param name="WrittenFrom">Those written in this era or later; not before <paramref name="UsedFrom"/>.</param>
internal readonly record struct KeptBlobs(uint UsedFrom, uint WrittenFrom)
{
    /// <summary>None.</summary>
    public static KeptBlobs None { get; } = new(uint.MaxValue, uint.MaxValue);

    /// <summary>True if a blob is kept that was touched so.</summary>
    public bool Includes(Touch touch) => touch.Era >= (touch.IsWriting ? WrittenFrom : UsedFrom);
}
