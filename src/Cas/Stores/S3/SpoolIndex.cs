using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>Which blobs wait on the local disk. Short, and without I/O.</summary>
/// <remarks>A pack is removed after its entries, so whoever holds the lock of an entry's shard can acquire the pack.</remarks>
internal sealed class SpoolIndex
{
    private readonly SegmentIndex index = new();
    private readonly ConcurrentDictionary<int, SpoolPack> packs = new();
    private int lastNumber;

    /// <summary>What is known of a key here.</summary>
    public enum Answer
    {
        /// <summary>Nothing that is visible: the bucket may have it.</summary>
        None,

        /// <summary>A value under another size, which replaced what the bucket may have: it is absent.</summary>
        Other,

        /// <summary>The value.</summary>
        Found,
    }

    /// <summary>The number of blobs.</summary>
    public long Count => index.Count;

    /// <summary>A number for a new pack.</summary>
    public int NextNumber() => Interlocked.Increment(ref lastNumber);

    /// <summary>A pack may be pointed to from now on.</summary>
    public void Add(SpoolPack pack) => packs[pack.Number] = pack;

    /// <summary>A pack that nothing points to any more leaves.</summary>
    public void Remove(SpoolPack pack)
    {
        packs.TryRemove(pack.Number, out _);
        pack.Release();
    }

    /// <summary>The packs that are there.</summary>
    public IReadOnlyList<SpoolPack> Packs() => [.. packs.Values];

    /// <summary>Looks for a value.</summary>
    public Answer Find(UInt128 tag, long sizeBytes)
    {
        IndexShard shard = index.ShardOf(tag);
        lock (shard.Gate)
            return Find(shard, tag, sizeBytes, out _, out _);
    }

    /// <summary>Looks for a value, and acquires its pack, which the caller releases.</summary>
    public Answer Acquire(UInt128 tag, long sizeBytes, out IndexEntry entry, out SpoolPack? pack)
    {
        IndexShard shard = index.ShardOf(tag);
        lock (shard.Gate)
        {
            Answer answer = Find(shard, tag, sizeBytes, out entry, out pack);
            if (answer == Answer.Found)
                pack!.Acquire();
            return answer;
        }
    }

    /// <summary>True if a value of the key is here, visible or not.</summary>
    public bool Holds(UInt128 tag)
    {
        IndexShard shard = index.ShardOf(tag);
        lock (shard.Gate)
            return shard.TryGet(tag, out _);
    }

    /// <summary>A record is complete.</summary>
    public void Set(UInt128 tag, SpoolPack pack, in PackEntry entry)
    {
        IndexShard shard = index.ShardOf(tag);
        lock (shard.Gate)
        {
            shard.Set(
                tag, new IndexEntry(RecordPlace.At(pack.Number, entry.Offset), entry.Record.ValueLength, entry.Record.Digest.SizeBytes, Touch.Use(entry.Record.Hour)), out _);
        }
    }

    /// <summary>Drops an entry if it is still that of a pack, and for a record of it if one is given.</summary>
    public bool Drop(UInt128 tag, SpoolPack pack, long? offset)
    {
        IndexShard shard = index.ShardOf(tag);
        lock (shard.Gate)
        {
            return shard.TryGet(tag, out IndexEntry entry) && entry.Place.Segment == pack.Number && (offset is null || entry.Place.Offset == offset)
                && shard.Remove(tag);
        }
    }

    private Answer Find(IndexShard shard, UInt128 tag, long sizeBytes, out IndexEntry entry, [MaybeNull] out SpoolPack pack)
    {
        pack = null;
        if (!shard.TryGet(tag, out entry) || !(pack = packs[entry.Place.Segment]).IsVisible)
            return Answer.None;
        return entry.AnswersFor(sizeBytes) ? Answer.Found : Answer.Other;
    }
}
