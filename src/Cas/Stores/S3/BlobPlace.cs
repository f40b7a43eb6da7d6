namespace RemoteExec.Cas.Stores.S3;

/// <summary>Where in the bucket a blob is.</summary>
/// <param name="Pack">The pack.</param>
/// <param name="PackLength">How long the pack is.</param>
/// <param name="Offset">Where in the pack its record begins.</param>
/// <param name="Length">The length of the value.</param>
internal readonly record struct BlobPlace(PackName Pack, long PackLength, long Offset, long Length)
{
    /// <summary>The length of the record's header, which follows from the key.</summary>
    public int HeaderLength { get; init; }
}
