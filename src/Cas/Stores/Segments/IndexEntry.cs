namespace RemoteExec.Cas.Stores.Segments;

/// <summary>What the index knows of a blob.</summary>
/// <param name="Place">Where its record is.</param>
/// <param name="Length">The length of the value.</param>
/// <param name="DigestSize">The size in the digest it was written under; <see cref="Protocol.Digest.UnknownSize"/> if none was known.</param>
/// <param name="Touch">When it was touched last.</param>
internal readonly record struct IndexEntry(RecordPlace Place, long Length, long DigestSize, Touch Touch)
{
    /// <summary>The era (see <see cref="SegmentLog"/>) of its last use since it was written or moved; 0 if there was none.</summary>
    public uint LastUse => Touch.LastUse;

    /// <summary>About how many bytes its record takes: the header of the most usual kind, and the value.</summary>
    public long Weight => 80 + Length;

    /// <summary>True if the entry answers for a digest of this size (DIG-02).</summary>
    public bool AnswersFor(long sizeBytes) =>
        sizeBytes == DigestSize || sizeBytes == Protocol.Digest.UnknownSize || DigestSize == Protocol.Digest.UnknownSize;
}
