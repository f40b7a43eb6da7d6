namespace RemoteExec.Cas.Stores.Segments;

/// <summary>Which blobs there are: tag to <see cref="IndexEntry"/>, in memory, about 38 bytes a blob. Cut in shards by the tag, each with a lock of its own.</summary>
internal sealed class SegmentIndex
{
    /// <summary>The number of shards.</summary>
    public const int Shards = 1 << ShardBits;

    /// <summary>How many bits of a tag tell its shard: the highest ones.</summary>
    public const int ShardBits = 8;

    private readonly IndexShard[] shards = [.. Enumerable.Range(0, Shards).Select(number => new IndexShard(number))];

    /// <summary>The number of blobs, as of about now.</summary>
    public long Count => shards.Sum(shard => (long)shard.Count);

    /// <summary>The memory it takes, in bytes.</summary>
    public long MemoryBytes => shards.Sum(shard => shard.MemoryBytes);

    /// <summary>A shard by its number.</summary>
    public IndexShard this[int number] => shards[number];

    /// <summary>Numbers that are in the order in which the index keeps tags: shard by shard, and within one by the lower half.</summary>
    public static ulong OrderOf(UInt128 tag) => ((ulong)(tag >> 64) & ~(ulong.MaxValue >> ShardBits)) | ((ulong)tag >> ShardBits);

    /// <summary>The shard of a tag.</summary>
    public IndexShard ShardOf(UInt128 tag) => shards[(int)(ulong)(tag >> (128 - ShardBits))];
}
