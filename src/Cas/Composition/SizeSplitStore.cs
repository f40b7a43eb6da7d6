using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>
/// Makes one store out of two: blobs of up to a limit are kept in one, longer ones in the other, by the size in the digest, whatever the length of the value. A digest
/// without a size is looked for in both, the small ones first, and written by the length of its value. A failure of one is a failure of what it is asked for, and of no more.
/// </summary>
/// <param name="small">For blobs of up to <paramref name="limit"/> bytes.</param>
/// <param name="large">For longer ones.</param>
/// <param name="limit">The size of the largest small blob, in bytes.</param>
public sealed class SizeSplitStore(IBlobStore small, IBlobStore large, long limit) : IBlobStore
{
    /// <inheritdoc/>
    public async ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        List<Digest> shorts = [], longs = [];
        Divide(digests, shorts, longs);
        if (longs.Count == 0)
            return await small.FindMissingAsync(digests, cancellationToken);
        if (shorts.Count == 0)
            return await large.FindMissingAsync(digests, cancellationToken);
        IReadOnlyCollection<Digest>[] missing = await Task.WhenAll(
            small.FindMissingAsync(shorts, cancellationToken).AsTask(), large.FindMissingAsync(longs, cancellationToken).AsTask());
        if (missing[0].Count + missing[1].Count == 0)
            return [];

        // What was asked of both is missing if it is in neither.
        HashSet<Digest> notShort = [.. missing[0]], notLong = [.. missing[1]];
        return [.. digests.Where(digest => (!digest.HasSize || IsSmall(digest) ? notShort : notLong).Contains(digest) && (digest.HasSize || notLong.Contains(digest))).Distinct()];
    }

    /// <inheritdoc/>
    public async ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        if (digest.HasSize)
            return await (IsSmall(digest) ? small : large).OpenReadAsync(digest, offset, cancellationToken);
        return await small.OpenReadAsync(digest, offset, cancellationToken) ?? await large.OpenReadAsync(digest, offset, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken) =>
        ((digest.HasSize ? digest.SizeBytes : length) <= limit ? small : large).OpenWriteAsync(digest, length, cancellationToken);

    private bool IsSmall(in Digest digest) => digest.SizeBytes <= limit;

    private void Divide(IReadOnlyCollection<Digest> digests, List<Digest> shorts, List<Digest> longs)
    {
        foreach (ref readonly Digest digest in DigestSpan.Of(digests))
        {
            if (!digest.HasSize || IsSmall(digest))
                shorts.Add(digest);
            if (!digest.HasSize || !IsSmall(digest))
                longs.Add(digest);
        }
    }
}
