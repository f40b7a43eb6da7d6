namespace RemoteExec.Cas.Stores.S3;

/// <summary>Reads the manifests of packs that are in the bucket, from their ends.</summary>
internal sealed class PackEnds(Bucket bucket)
{
    private const int EndBytes = 256 << 10; // most manifests are shorter

    /// <summary>The manifest of a pack; null if the pack is absent. It has no entries to give if it is damaged.</summary>
    /// <exception cref="StoreUnavailableException">The bucket can't be reached.</exception>
    public async Task<PackEnd?> ReadAsync(PackName pack, CancellationToken cancellationToken)
    {
        byte[]? end = await bucket.GetEndAsync(pack.Key, EndBytes, cancellationToken);
        if (end is not null && PackManifest.TryReadLength(end, out long length) && length > end.Length)
            end = await bucket.GetEndAsync(pack.Key, checked((int)length), cancellationToken);
        if (end is null)
            return null;
        return PackManifest.TryReadLength(end, out length) && length <= end.Length && PackManifest.TryRead(end.AsSpan((int)(end.Length - length)), out long recordBytes) is { } entries
            ? new PackEnd(recordBytes + length, entries)
            : new PackEnd(0, null);
    }
}
