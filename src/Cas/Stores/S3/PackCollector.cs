using Microsoft.Extensions.Logging;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>
/// Remote garbage collection by use: blobs that nobody used for long are dropped, and the least recently used if the bucket holds too much; packs with little that is live are
/// compacted, those with nothing deleted. First the presence forgets a pack, for good, and later the object goes: so nobody is told of what is gone, and who is reading reads on.
/// </summary>
internal sealed class PackCollector(
    S3StoreOptions options, LocalPresence presence, IPackCompactor compactor, IPackRemoval removal, S3Clock clock, S3Metrics metrics, ILogger logger)
{
    private const int MostCompacted = 16; // packs a round
    private const double LeastLive = 0.3;
    private const double LeastLiveIfFull = 0.6;
    private const uint RecentHours = 1; // what was used in this hour or the one before is kept in any case: it was reported present

    private readonly HashSet<PackName> compacted = []; // what they held is on its way to others

    /// <summary>The packs that are about to be deleted.</summary>
    public IReadOnlySet<PackName> Leaving => removal.Leaving;

    /// <summary>Does a round. True if there is more to do soon.</summary>
    /// <param name="listed">The packs that the bucket has.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CasException">The bucket can't be reached, or the disk failed.</exception>
    /// <exception cref="IOException">The disk failed.</exception>
    public async Task<bool> RunAsync(IReadOnlySet<PackName> listed, CancellationToken cancellationToken)
    {
        if (!await removal.BeginAsync(listed, cancellationToken))
            return false;
        int deleted = await removal.DeleteAsync(cancellationToken);
        long unused = DropUnused();
        (long excess, bool isFull) = DropExcess();
        compacted.ExceptWith(await removal.RetireAsync(cancellationToken));
        (long moved, bool isMore) = await CompactAsync(isFull ? LeastLiveIfFull : LeastLive, cancellationToken);
        if (unused + excess + moved + deleted > 0)
            CasLog.BucketTended(logger, options.Name, unused, excess, moved, deleted);
        return isMore;
    }

    private long DropUnused()
    {
        if (options.UnusedFor == TimeSpan.Zero)
            return 0;
        uint hours = (uint)Math.Min(options.UnusedFor.TotalHours, clock.Hour);
        long dropped = presence.DropUnused(clock.Hour - hours);
        metrics.Dropped(dropped, "unused");
        return dropped;
    }

    private (long Dropped, bool IsFull) DropExcess()
    {
        IReadOnlyList<KnownPack> packs = presence.Measure();
        long bytes = packs.Sum(pack => pack.Length), live = packs.Sum(pack => pack.LiveBytes);
        if (options.MaxBytes == 0 || bytes <= options.MaxBytes)
            return (0, false);

        // Dropped blobs are space only when their packs are deleted or compacted: so more is dropped than is too much.
        long excess = live - (long)(options.MaxBytes * 0.7);
        (long dropped, long droppedBytes) = excess > 0 ? presence.DropOldest(excess, clock.Hour - RecentHours) : (0, 0);
        if (droppedBytes < excess)
            CasLog.BucketTooSmall(logger, options.Name, bytes);
        metrics.Dropped(dropped, "full");
        return (dropped, true);
    }

    private async Task<(long Moved, bool IsMore)> CompactAsync(double leastLive, CancellationToken cancellationToken)
    {
        KnownPack[] candidates =
        [
            .. presence.Measure()
                .Where(pack => pack.LiveBytes > 0 && pack.LiveBytes < leastLive * pack.Length && !compacted.Contains(pack.Name))
                .OrderBy(pack => pack.LiveBytes / (double)pack.Length),
        ];
        long moved = 0;
        foreach (KnownPack pack in candidates.Take(MostCompacted))
        {
            moved += await compactor.RunAsync(pack, cancellationToken);
            compacted.Add(pack.Name);
        }

        return (moved, candidates.Length > MostCompacted);
    }
}
