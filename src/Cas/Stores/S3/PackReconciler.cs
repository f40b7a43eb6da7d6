using Microsoft.Extensions.Logging;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>
/// Compares what the presence knows with what the bucket has, by its listing: packs that are unknown are added, of which only the ends are read; packs that are gone are forgotten.
/// So a node that has lost everything finds everything, and rules that delete objects make nobody lie for long.
/// </summary>
internal sealed class PackReconciler(S3StoreOptions options, IPresence presence, Func<long> blobs, Bucket bucket, S3Metrics metrics, ILogger logger)
{
    private const int Readers = 16;
    private const int EndBytes = 256 << 10; // most manifests are shorter

    private readonly HashSet<PackName> damaged = []; // told once

    /// <summary>Does it once.</summary>
    /// <param name="doomed">Packs that are about to be deleted, and not to be found again.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="StoreUnavailableException">The bucket can't be reached.</exception>
    public async Task RunAsync(IReadOnlySet<PackName> doomed, CancellationToken cancellationToken)
    {
        // Before the listing: a pack that is uploaded meanwhile may be known and not listed.
        IReadOnlySet<PackName> known = await presence.PacksAsync(cancellationToken);
        var listed = new HashSet<PackName>();
        var unknown = new List<(PackName Name, BucketObject Object)>();
        await foreach (BucketObject found in bucket.ListAsync(PackName.Folder, cancellationToken))
        {
            if (PackName.TryParseKey(found.Key, out PackName name) && listed.Add(name) && !known.Contains(name) && !doomed.Contains(name) && !damaged.Contains(name))
                unknown.Add((name, found));
        }

        PackName[] gone = [.. known.Where(name => !listed.Contains(name))];
        if (gone.Length > 0)
        {
            long forgotten = await presence.ForgetPacksAsync(gone, cancellationToken);
            metrics.Dropped(forgotten, "gone");
            CasLog.PacksGone(logger, options.Name, gone.Length, options.Prefix + gone[0].Key, forgotten);
        }

        if (unknown.Count == 0)
            return;
        CasLog.RecoveryBegins(logger, options.Name, unknown.Count);
        await Parallel.ForEachAsync(
            unknown,
            new ParallelOptions { MaxDegreeOfParallelism = Readers, CancellationToken = cancellationToken },
            async (pack, token) => await AddAsync(pack.Name, pack.Object, token));
        CasLog.RecoveryEnded(logger, options.Name, unknown.Count, blobs());
    }

    private async Task AddAsync(PackName name, BucketObject found, CancellationToken cancellationToken)
    {
        int length = (int)Math.Min(EndBytes, found.Length);
        byte[]? end = await bucket.GetAsync(name.Key, found.Length - length, length, cancellationToken);
        if (end is not null && PackManifest.TryReadLength(end, out long manifestLength) && manifestLength <= found.Length && manifestLength > end.Length)
            end = await bucket.GetAsync(name.Key, found.Length - manifestLength, (int)manifestLength, cancellationToken);
        if (end is null)
            return; // deleted since it was listed

        if (PackManifest.TryReadLength(end, out manifestLength) && manifestLength <= end.Length && PackManifest.TryRead(end.AsSpan((int)(end.Length - manifestLength))) is { } entries)
        {
            await presence.AddAsync(name, found.Length, entries, cancellationToken);
            return;
        }

        lock (damaged)
            damaged.Add(name);
        CasLog.ManifestDamaged(logger, options.Name, options.Prefix + name.Key);
    }
}
