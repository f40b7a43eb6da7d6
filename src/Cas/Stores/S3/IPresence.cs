using RemoteExec.Protocol;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>
/// Which blobs are in the bucket, and where: what look-ups are answered from, as existence is never asked of the bucket. All methods may be called concurrently.
/// </summary>
/// <remarks>
/// Of the values of one key that of the pack with the later name counts (<see cref="PackName.IsAfter"/>), whatever the order in which packs are added. A pack that
/// was forgotten may be added again; one that was added again is as it was.
/// </remarks>
internal interface IPresence
{
    /// <summary>False while it can't be said what the bucket has: then everything is missing, and nothing is to be added.</summary>
    bool IsCertain { get; }

    /// <summary>As <see cref="IBlobStore.FindMissingAsync"/>: what is not in the bucket, as asked, in first-seen order and once; the others count as used now.</summary>
    ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken);

    /// <summary>Where a blob is, which counts as used now; null if it is not in the bucket.</summary>
    ValueTask<BlobPlace?> LocateAsync(Digest digest, CancellationToken cancellationToken);

    /// <summary>The blobs of a pack are in the bucket.</summary>
    /// <param name="pack">The pack.</param>
    /// <param name="packLength">How long it is.</param>
    /// <param name="entries">Its records.</param>
    /// <param name="cancellationToken">Gives up; then some of them may be known.</param>
    ValueTask AddAsync(PackName pack, long packLength, IReadOnlyList<PackEntry> entries, CancellationToken cancellationToken);

    /// <summary>A blob is not there, or no good: it is absent from now on, unless it has another place by now. True if it had been there.</summary>
    ValueTask<bool> ForgetAsync(Digest digest, BlobPlace place, CancellationToken cancellationToken);

    /// <summary>Packs are not in the bucket: all that they held is absent from now on. Returns how many blobs that were.</summary>
    ValueTask<long> ForgetPacksAsync(IReadOnlyCollection<PackName> packs, CancellationToken cancellationToken);

    /// <summary>The packs it knows of.</summary>
    ValueTask<IReadOnlySet<PackName>> PacksAsync(CancellationToken cancellationToken);
}
