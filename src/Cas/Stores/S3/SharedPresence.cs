using RemoteExec.Protocol;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>
/// The presence of a node that shares its prefix: what the node knows, as long as that can be believed; what it adds, the others are told.
/// </summary>
internal sealed class SharedPresence(LocalPresence local, PackFeed feed) : IPresence
{
    /// <inheritdoc/>
    public bool IsCertain => feed.IsCertain;

    /// <inheritdoc/>
    public ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken) =>
        IsCertain ? local.FindMissingAsync(digests, cancellationToken) : ValueTask.FromResult<IReadOnlyCollection<Digest>>([.. digests.Distinct()]);

    /// <inheritdoc/>
    public ValueTask<BlobPlace?> LocateAsync(Digest digest, CancellationToken cancellationToken) =>
        IsCertain ? local.LocateAsync(digest, cancellationToken) : ValueTask.FromResult<BlobPlace?>(null);

    /// <inheritdoc/>
    public async ValueTask AddAsync(PackName pack, long packLength, IReadOnlyList<PackEntry> entries, CancellationToken cancellationToken)
    {
        await local.AddAsync(pack, packLength, entries, cancellationToken);
        feed.Arrived(pack);
    }

    /// <inheritdoc/>
    public ValueTask<bool> ForgetAsync(Digest digest, BlobPlace place, CancellationToken cancellationToken) => local.ForgetAsync(digest, place, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<long> ForgetPacksAsync(IReadOnlyCollection<PackName> packs, CancellationToken cancellationToken) => local.ForgetPacksAsync(packs, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlySet<PackName>> PacksAsync(CancellationToken cancellationToken) => local.PacksAsync(cancellationToken);
}
