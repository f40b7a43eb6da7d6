using Microsoft.Extensions.Logging;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>
/// Compares what the presence knows with what the bucket has, by its listing: packs that are unknown are added, of which only the ends are read; packs that are gone are forgotten.
/// So a node that has lost everything finds everything, and rules that delete objects make nobody lie for long.
/// </summary>
internal sealed class PackReconciler(S3StoreOptions options, IPresence presence, Func<long> blobs, Bucket bucket, S3Metrics metrics, ILogger logger)
{
    private const int Readers = 16;

    private readonly PackEnds ends = new(bucket);
    private readonly HashSet<PackName> damaged = []; // told once

    /// <summary>Does it once. Returns the packs that the bucket has.</summary>
    /// <param name="doomed">Packs that are about to be deleted, and not to be found again.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="StoreUnavailableException">The bucket can't be reached.</exception>
    public async Task<IReadOnlySet<PackName>> RunAsync(IReadOnlySet<PackName> doomed, CancellationToken cancellationToken)
    {
        // Before the listing: a pack that is uploaded meanwhile may be known and not listed.
        IReadOnlySet<PackName> known = await presence.PacksAsync(cancellationToken);
        var listed = new HashSet<PackName>();
        var unknown = new List<PackName>();
        await foreach (BucketObject found in bucket.ListAsync(PackName.Folder, cancellationToken))
        {
            if (PackName.TryParseKey(found.Key, out PackName name) && listed.Add(name) && !known.Contains(name) && !doomed.Contains(name))
                unknown.Add(name);
        }

        PackName[] gone = [.. known.Where(name => !listed.Contains(name))];
        if (gone.Length > 0)
        {
            long forgotten = await presence.ForgetPacksAsync(gone, cancellationToken);
            metrics.Dropped(forgotten, "gone");
            CasLog.PacksGone(logger, options.Name, gone.Length, options.Prefix + gone[0].Key, forgotten);
        }

        if (unknown.Count == 0)
            return listed;
        CasLog.RecoveryBegins(logger, options.Name, unknown.Count);
        await Parallel.ForEachAsync(
            unknown,
            new ParallelOptions { MaxDegreeOfParallelism = Readers, CancellationToken = cancellationToken },
            async (pack, token) => await AddAsync(pack, token));
        CasLog.RecoveryEnded(logger, options.Name, unknown.Count, blobs());
        return listed;
    }

    private async Task AddAsync(PackName name, CancellationToken cancellationToken)
    {
        if (await ends.ReadAsync(name, cancellationToken) is not { } end)
            return; // deleted since it was listed
        if (end.Entries is not null)
        {
            await presence.AddAsync(name, end.PackLength, end.Entries, cancellationToken);
            return;
        }

        lock (damaged)
        {
            if (!damaged.Add(name)) // told once, and read again each time: it may have been damaged on its way
                return;
        }

        CasLog.ManifestDamaged(logger, options.Name, options.Prefix + name.Key);
    }
}
