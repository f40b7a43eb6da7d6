using System.Diagnostics.CodeAnalysis;

namespace RemoteExec.Cas.Stores.Segments;

/// <content>The index: what is looked up, made visible and dropped.</content>
/// <remarks>
/// A segment is removed after each shard was swept, under its lock, of what points there. So whoever finds an entry can acquire its segment as long as he holds the
/// shard's lock; and whoever publishes a record either sees that its segment is being dropped, or is seen by the sweep.
/// </remarks>
internal sealed partial class SegmentLog
{
    private readonly SegmentIndex index = new();

    /// <summary>The memory of the index, in bytes.</summary>
    public long IndexBytes => index.MemoryBytes;

    /// <summary>Finds a blob, notes its use and acquires its segment, which the caller releases.</summary>
    public bool TryAcquire(UInt128 tag, long sizeBytes, out IndexEntry entry, [NotNullWhen(true)] out SegmentFile? segment)
    {
        IndexShard shard = index.ShardOf(tag);
        lock (shard.Gate)
        {
            ObjectDisposedException.ThrowIf(closed, typeof(SegmentStore));
            segment = null;
            if (!TryUse(shard, tag, sizeBytes, out entry))
                return false;
            segment = segments[entry.Place.Segment];
            segment.Acquire();
            return true;
        }
    }

    /// <summary>Has the processor fetch what a look-up is going to need.</summary>
    public void Prefetch(UInt128 tag) => index.ShardOf(tag).Prefetch(tag);

    /// <summary>True if a blob is there; notes its use.</summary>
    public bool Use(UInt128 tag, long sizeBytes)
    {
        IndexShard shard = index.ShardOf(tag);
        lock (shard.Gate)
        {
            ObjectDisposedException.ThrowIf(closed, typeof(SegmentStore));
            return TryUse(shard, tag, sizeBytes, out _);
        }
    }

    /// <summary>
    /// Makes a record visible, replacing an older one of its key, and ends the reservation. False, changing nothing, if its segment was
    /// evicted or the store was closed meanwhile.
    /// </summary>
    public bool Publish(Reservation reservation, UInt128 tag, IndexEntry entry)
    {
        IndexShard shard = index.ShardOf(tag);
        lock (shard.Gate)
        {
            // The reservation stays open when it can't be published: its owner gives it up.
            if (reservation.Segment.IsDropped || closed)
                return false;
            Put(shard, tag, entry);
        }

        EndPublished(reservation);
        return true;
    }

    /// <summary>Lets the index point to a copy of a record and ends the reservation; false, changing nothing, if the blob was replaced or dropped meanwhile.</summary>
    public bool PublishMoved(Reservation reservation, UInt128 tag, IndexEntry moved)
    {
        IndexShard shard = index.ShardOf(tag);
        lock (shard.Gate)
        {
            if (reservation.Segment.IsDropped || closed || !shard.TryGet(tag, out IndexEntry entry) || entry.Place != moved.Place)
                return false;
            Put(shard, tag, entry with { Place = reservation.Place, Touch = entry.Touch == moved.Touch ? entry.Touch.Moved() : entry.Touch });
        }

        EndPublished(reservation);
        return true;
    }

    /// <summary>Drops a blob, if it is still the record at this place.</summary>
    public bool Drop(UInt128 tag, RecordPlace place)
    {
        IndexShard shard = index.ShardOf(tag);
        lock (shard.Gate)
            return shard.TryGet(tag, out IndexEntry entry) && entry.Place == place && Remove(shard, tag, entry);
    }

    /// <summary>Drops a blob unless it was used, replaced or moved since the entry was read.</summary>
    public bool DropUnused(UInt128 tag, IndexEntry seen)
    {
        IndexShard shard = index.ShardOf(tag);
        lock (shard.Gate)
            return shard.TryGet(tag, out IndexEntry entry) && entry == seen && Remove(shard, tag, entry);
    }

    /// <summary>Drops the blobs of a segment that were not used after an era and are not kept, in one shard of the index, and lists those that were or are.</summary>
    /// <returns>How many were dropped.</returns>
    public int Sweep(int number, SegmentFile victim, uint usedAfter, KeptBlobs kept, List<KeyValuePair<UInt128, IndexEntry>> inUse)
    {
        IndexShard shard = index[number];
        int dropped = 0;
        lock (shard.Gate)
        {
            shard.RemoveWhere(victim.Number, (tag, entry) =>
            {
                if (entry.LastUse > usedAfter || kept.Includes(entry.Touch))
                {
                    inUse.Add(new(tag, entry));
                    return false;
                }

                Count(entry, -1);
                dropped++;
                return true;
            });
        }

        return dropped;
    }

    /// <summary>The bytes of the blobs that were touched in an era or later, by their touches.</summary>
    public Dictionary<Touch, long> CountTouched(uint since)
    {
        var bytes = new Dictionary<Touch, long>();
        for (int number = 0; number < SegmentIndex.Shards; number++)
            Inspect(number, shard => shard.CountTouched(since, bytes));
        return bytes;
    }

    /// <summary>Gives a look at one shard of the index, under its lock.</summary>
    public void Inspect(int number, Action<IndexShard> look)
    {
        IndexShard shard = index[number];
        lock (shard.Gate)
            look(shard);
        GC.KeepAlive(shard);
    }

    private void EndPublished(Reservation reservation)
    {
        bool last;
        lock (gate)
            last = EndReservation(reservation);
        if (last)
            directory.Dispose(); // closed meanwhile, and only this one was left
    }

    private bool TryUse(IndexShard shard, UInt128 tag, long sizeBytes, out IndexEntry entry)
    {
        if (!shard.TryGet(tag, out entry) || !entry.AnswersFor(sizeBytes))
            return false;
        uint now = Volatile.Read(ref era);
        var use = Touch.Use(now);
        if (entry.Touch != use)
        {
            SegmentFile segment = segments[entry.Place.Segment];
            if (entry.LastUse <= segment.ForgottenEra)
                segment.AddUsed(entry.Weight);
            segment.LastUse = now;
            entry = entry with { Touch = use };
            shard.SetTouch(tag, use);
        }

        return true;
    }

    private void Put(IndexShard shard, UInt128 tag, IndexEntry entry)
    {
        Count(entry, 1);
        if (shard.Set(tag, entry, out IndexEntry replaced))
            Count(replaced, -1);
    }

    private bool Remove(IndexShard shard, UInt128 tag, IndexEntry entry)
    {
        Count(entry, -1);
        return shard.Remove(tag);
    }

    private void Count(IndexEntry entry, int sign)
    {
        SegmentFile segment = segments[entry.Place.Segment];
        segment.AddLive(sign * entry.Weight);
        segment.LastUse = Math.Max(segment.LastUse, entry.LastUse);
        if (entry.LastUse > segment.ForgottenEra)
            segment.AddUsed(sign * entry.Weight);
    }
}
