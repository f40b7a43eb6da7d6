using RemoteExec.Cas.Stores.Segments;

namespace RemoteExec.Cas.Stores.S3;

/// <content>What the remote garbage collection asks, and drops.</content>
internal sealed partial class LocalPresence
{
    /// <summary>The packs, with how much of each is live; without those that are about to be deleted.</summary>
    public IReadOnlyList<KnownPack> Measure() => [.. packs.All().Where(pack => !pack.IsLeaving)];

    /// <summary>Drops the blobs that were not used since an hour. Returns how many.</summary>
    public long DropUnused(uint since) => Drop(entry => entry.Touch.Era < since);

    /// <summary>Drops the least recently used blobs, but none used since an hour, until so many bytes are dropped or there are no others. Returns how many blobs and bytes.</summary>
    public (long Blobs, long Bytes) DropOldest(long bytes, uint since)
    {
        var byUse = new Dictionary<Touch, long>();
        for (int number = 0; number < SegmentIndex.Shards; number++)
            Inspect(number, shard => shard.CountTouched(0, byUse));
        uint border = 0; // blobs used before it go, of those used in it as many as are needed
        long older = 0;
        foreach ((uint hour, long weight) in byUse.Select(use => (use.Key.Era, use.Value)).Where(use => use.Era < since).OrderBy(use => use.Era))
        {
            border = hour;
            if (older + weight >= bytes)
                break;
            older += weight;
        }

        long dropped = 0;
        long blobs = Drop(entry =>
        {
            bool isToGo = entry.Touch.Era < Math.Min(border, since) || (entry.Touch.Era == border && border < since && dropped < bytes);
            dropped += isToGo ? entry.Weight : 0;
            return isToGo;
        });
        return (blobs, dropped);
    }

    /// <summary>Forgets the packs of which nothing is live, and tells which.</summary>
    public async Task<IReadOnlyList<PackName>> ForgetDeadAsync(CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken);
        try
        {
            KnownPack[] dead = [.. packs.All().Where(pack => pack.LiveBytes <= 0)];
            Forget(dead);
            return [.. dead.Select(pack => pack.Name)];
        }
        finally
        {
            changing.Release();
        }
    }

    /// <summary>What is live of a pack, in the order in which it stands there.</summary>
    public IReadOnlyList<IndexEntry> EntriesOf(KnownPack pack)
    {
        var entries = new List<IndexEntry>();
        for (int number = 0; number < SegmentIndex.Shards; number++)
        {
            Inspect(number, shard => shard.RemoveWhere(pack.Number, (_, entry) =>
            {
                entries.Add(entry);
                return false;
            }));
        }

        return [.. entries.OrderBy(entry => entry.Place.Unit)];
    }

    /// <summary>True if a key's value is still that of a record.</summary>
    public bool IsAt(UInt128 tag, PackName pack, long offset)
    {
        IndexShard shard = index.ShardOf(tag);
        lock (shard.Gate)
            return shard.TryGet(tag, out IndexEntry entry) && entry.Place.Offset == offset && packs[entry.Place.Segment].Name == pack;
    }

    private long Drop(Func<IndexEntry, bool> isToGo)
    {
        long dropped = 0;
        for (int number = 0; number < SegmentIndex.Shards; number++)
        {
            Inspect(number, shard => shard.RemoveWhere(0, (_, entry) =>
            {
                if (!isToGo(entry))
                    return false;
                packs[entry.Place.Segment].AddLive(-entry.Weight);
                dropped++;
                return true;
            }));
        }

        return dropped;
    }
}
