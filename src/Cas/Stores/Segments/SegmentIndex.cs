using System.Runtime.InteropServices;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>Which blobs there are: tag to <see cref="IndexEntry"/>, in memory. Not thread-safe: its owner's lock guards it.</summary>
/// <remarks>
/// It is cut in shards by the tag, so that growing, sweeping and copying it can be done in short steps with the lock released in between.
/// Nobody else knows how entries are kept.
/// </remarks>
internal sealed class SegmentIndex
{
    /// <summary>The number of shards.</summary>
    public const int Shards = 256;

    private readonly Dictionary<UInt128, IndexEntry>[] shards = new Dictionary<UInt128, IndexEntry>[Shards];

    public SegmentIndex()
    {
        for (int i = 0; i < Shards; i++)
            shards[i] = [];
    }

    /// <summary>The number of blobs.</summary>
    public long Count { get; private set; }

    /// <summary>Finds an entry.</summary>
    public bool TryGet(UInt128 tag, out IndexEntry entry) => ShardOf(tag).TryGetValue(tag, out entry);

    /// <summary>Adds or replaces an entry; false, with a default <paramref name="replaced"/>, if there was none.</summary>
    public bool Set(UInt128 tag, IndexEntry entry, out IndexEntry replaced)
    {
        // The reference is used before the dictionary can change, under the owner's lock.
        ref IndexEntry slot = ref CollectionsMarshal.GetValueRefOrAddDefault(ShardOf(tag), tag, out bool existed);
        replaced = slot;
        slot = entry;
        if (!existed)
            Count++;
        return existed;
    }

    /// <summary>Removes an entry.</summary>
    public bool Remove(UInt128 tag)
    {
        if (!ShardOf(tag).Remove(tag))
            return false;
        Count--;
        return true;
    }

    /// <summary>The entries of one shard. While they are enumerated, entries may be removed, and nothing else.</summary>
    public IEnumerable<KeyValuePair<UInt128, IndexEntry>> Shard(int shard) => shards[shard];

    private Dictionary<UInt128, IndexEntry> ShardOf(UInt128 tag) => shards[(int)(ulong)(tag >> 120)];
}
