using Microsoft.Extensions.Logging;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// Makes room by dropping whole segments, the oldest first. Blobs that were used since they were written or last moved are copied to the
/// active segment before; what may be copied is bounded, so that an eviction always frees something, even when everything is in use. What was used
/// since the eviction before began is not dropped as long as other segments are left to look at: somebody may be reading it, or has just been told that it is there.
/// </summary>
internal sealed class SegmentEvictor(
    SegmentStoreOptions options, SegmentLog log, StoreDirectory directory, RecordMover mover, BuildProtection builds, ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan pause = TimeSpan.FromSeconds(10); // between two looks at a disk that is scarce: what was evicted has to become free first
    private const int MostLooks = 8; // at segments of one pass that are not evicted, or gain nothing, as all in them was used just now: each look is one at the whole index
    private readonly SemaphoreSlim evicting = new(1); // one eviction at a time
    private uint lastPass = uint.MaxValue; // the era in which it began
    private long? madeFree;
    private long evictedBlobs;
    private long evictedBytes;
    private long evictionAge = -1; // in ticks

    /// <summary>Blobs dropped.</summary>
    public long EvictedBlobs => Interlocked.Read(ref evictedBlobs);

    /// <summary>Bytes of the segments dropped.</summary>
    public long EvictedBytes => Interlocked.Read(ref evictedBytes);

    /// <summary>How long ago the segment had been written when it was dropped that was dropped last; null before the first.</summary>
    public TimeSpan? EvictionAge => Interlocked.Read(ref evictionAge) is >= 0 and var ticks ? new TimeSpan(ticks) : null;

    /// <summary>Bytes that were kept for builds when room was made last.</summary>
    public long KeptBytes => builds.KeptBytes;

    /// <summary>
    /// Evicts until there is room for a segment for a record of this length; false if there is none when nothing is left to evict. If the disk was
    /// full before, what has become free there is taken first; and nothing is evicted in vain.
    /// </summary>
    /// <param name="recordBytes">The length of the record.</param>
    /// <param name="isUrgent">True if a writer waits for it.</param>
    /// <param name="cancellationToken">Ends it between two segments, or within one: what is not moved by then stays where it is.</param>
    /// <exception cref="StoreUnavailableException">The disk failed.</exception>
    public async ValueTask<bool> MakeRoomAsync(long recordBytes, bool isUrgent, CancellationToken cancellationToken)
    {
        await evicting.WaitAsync(cancellationToken);
        try
        {
            uint pass = log.StartPass(), recent = lastPass;
            lastPass = pass;
            int looks = 0;
            var spared = new HashSet<SegmentFile>(); // for builds, and for those who use them now
            while (!log.HasRoomFor(recordBytes))
            {
                if (RaiseBound())
                    continue;
                KeptBlobs kept = builds.Decide();
                if (!log.CouldHold(recordBytes) || log.ChooseVictim(pass, isUrgent, spared) is not { } victim)
                    return false;
                if (spared.Contains(victim))
                {
                    builds.GiveUpAll();
                    kept = KeptBlobs.None;
                    recent = uint.MaxValue;
                }

                // One that was spared in this pass is not spared again; but what was used last in it is still known.
                long gained = await TryEvictAsync(victim, victim.ForgottenEra >= pass ? 0 : victim.ForgottenEra, kept, recent, cancellationToken);
                if (gained < 0)
                    spared.Add(victim);
                if (gained <= 0 && kept == KeptBlobs.None && ++looks == MostLooks)
                    recent = uint.MaxValue;
            }

            return true;
        }
        finally
        {
            evicting.Release();
        }
    }

    /// <summary>What the disk has free; null if that can't be told.</summary>
    public long? FreeBytes => options.FreeBytes?.Invoke() ?? directory.FreeBytes;

    /// <summary>Looks whether others have filled the disk, and lowers the bound if so; then room has to be made. One caller at a time.</summary>
    public void LookAtDisk()
    {
        long now = time.GetTimestamp();
        if (options.MinFreeBytes == 0 || (madeFree is { } last && time.GetElapsedTime(last, now) < pause) || FreeBytes is not { } free)
            return;
        long before = log.Bound;
        if (!log.MakeFree(free))
            return;
        madeFree = now;
        if (before >= options.MaxBytes)
            CasLog.DiskScarce(logger, options.Name, free, log.Bound);
    }

    private bool RaiseBound()
    {
        // Not knowing, nothing is gained.
        if (log.Bound >= options.MaxBytes || FreeBytes is not { } free || !log.RaiseBound(free))
            return false;
        if (log.Bound >= options.MaxBytes)
            CasLog.DiskFree(logger, options.Name, options.MaxBytes);
        return true;
    }

    /// <summary>
    /// Evicts a segment and returns what was gained in bytes; less than 0, though what is in nobody's use is dropped, if it stays as nearly all of it is kept for builds,
    /// or was used in the recent era or later.
    /// </summary>
    private async ValueTask<long> TryEvictAsync(SegmentFile victim, uint usedAfter, KeptBlobs kept, uint recent, CancellationToken cancellationToken)
    {
        int dropped = 0;
        var inUse = new List<KeyValuePair<UInt128, IndexEntry>>();
        for (int shard = 0; shard < SegmentIndex.Shards; shard++)
            dropped += log.Sweep(shard, victim, usedAfter, kept, inUse);

        if (inUse.Where(item => kept.Includes(item.Value.Touch) || item.Value.LastUse >= recent).Sum(item => item.Value.Weight) > victim.Tail / 4 * 3)
        {
            log.Keep(victim);
            Interlocked.Add(ref evictedBlobs, dropped);
            return -1;
        }

        (int moved, long movedBytes) = await MoveAsync(victim, inUse, kept, recent, cancellationToken);
        dropped += inUse.Count - moved;
        if (moved > 0 && options.Durability != Durability.Fast)
            log.Flush(); // the copies, before the originals go
        long bytes = log.RemoveSegment(victim);
        TimeSpan age = time.GetUtcNow() - File.GetLastWriteTimeUtc(victim.Path);
        Interlocked.Exchange(ref evictionAge, Math.Max(0, age.Ticks));
        directory.Delete(victim);
        log.Left(victim);
        Interlocked.Add(ref evictedBlobs, dropped);
        Interlocked.Add(ref evictedBytes, bytes);
        CasLog.SegmentEvicted(logger, victim.Path, bytes, dropped, moved);
        return bytes - movedBytes;
    }

    /// <summary>
    /// Copies what is kept for builds, what was used in the recent era or later, and what else is in use as far as the budget goes, the latest used first, and drops the rest.
    /// Returns how many were copied, and their bytes.
    /// </summary>
    private async ValueTask<(int Count, long Bytes)> MoveAsync(
        SegmentFile victim, List<KeyValuePair<UInt128, IndexEntry>> inUse, KeptBlobs kept, uint recent, CancellationToken cancellationToken)
    {
        // Three quarters at most: a quarter is gained. If that is not enough for all, half for what was used lately, and a quarter
        // for what is used while we are at it: somebody has just been told that it is there.
        long ample = victim.Tail / 4 * 3;
        long left = inUse.Sum(item => item.Value.Weight) <= ample ? ample : victim.Tail / 2;
        long reserve = ample - left;
        inUse.Sort((a, b) => b.Value.Touch.Era.CompareTo(a.Value.Touch.Era) is var byUse && byUse != 0
            ? byUse
            : a.Value.Place.Unit.CompareTo(b.Value.Place.Unit));

        int moved = 0;
        long movedBytes = 0;
        foreach ((UInt128 tag, IndexEntry entry) in inUse)
        {
            bool fits = entry.Weight <= left || kept.Includes(entry.Touch) || entry.LastUse >= recent;
            if (!fits && (log.DropUnused(tag, entry) || (entry.Weight > reserve && kept == KeptBlobs.None && recent == uint.MaxValue)))
            {
                log.Drop(tag, entry.Place);
                continue;
            }

            if (fits)
                left -= entry.Weight;
            else
                reserve -= entry.Weight;
            try
            {
                if (await mover.MoveAsync(victim, tag, entry, cancellationToken))
                {
                    moved++;
                    movedBytes += entry.Weight;
                }
            }
            catch (StoreFullException)
            {
                // The disk is full before the bound is reached. Dropping without copying is what makes room then.
                left = reserve = 0;
                kept = KeptBlobs.None;
                recent = uint.MaxValue;
                log.Drop(tag, entry.Place);
            }
        }

        return (moved, movedBytes);
    }
}
