using System.Buffers;
using System.Buffers.Binary;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// Writes an index to a file, shard by shard, while it is used. Little-endian:
/// <code>
/// the head:  u64 magic, i32 length of the head, and what the caller has to say;  u32 CRC-32C of the head
/// for each shard of the index:  i32 homes, i32 entries, i32 odd sizes;  for each odd size: u128 tag, i64 size;  the slots as they are in memory;
///                               u32 CRC-32C of the shard
/// </code>
/// </summary>
internal static class IndexImageWriter
{
    /// <summary>The length of what precedes the odd sizes of a shard.</summary>
    public const int ShardHeadBytes = 12;

    /// <summary>The length of an odd size.</summary>
    public const int OddSizeBytes = 24;

    /// <summary>Writes it.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="head">The head: its magic, its length, the rest.</param>
    /// <param name="inspect">Gives a look at a shard, under its lock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="IOException">The disk failed.</exception>
    public static void Write(FileStream stream, ReadOnlySpan<byte> head, Action<int, Action<IndexShard>> inspect, CancellationToken cancellationToken)
    {
        WriteChecked(stream, head);
        var copy = new ArrayBufferWriter<byte>();
        for (int number = 0; number < SegmentIndex.Shards; number++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            copy.ResetWrittenCount();
            inspect(number, shard => Copy(shard, copy));
            WriteChecked(stream, copy.WrittenSpan);
        }
    }

    /// <summary>Short: it holds up the shard.</summary>
    private static void Copy(IndexShard shard, ArrayBufferWriter<byte> destination)
    {
        Span<byte> head = destination.GetSpan(ShardHeadBytes);
        BinaryPrimitives.WriteInt32LittleEndian(head, shard.Homes);
        BinaryPrimitives.WriteInt32LittleEndian(head[4..], shard.Count);
        BinaryPrimitives.WriteInt32LittleEndian(head[8..], shard.OddSizes.Count);
        destination.Advance(ShardHeadBytes);
        foreach ((UInt128 tag, long size) in shard.OddSizes)
        {
            Span<byte> odd = destination.GetSpan(OddSizeBytes);
            BinaryPrimitives.WriteUInt128LittleEndian(odd, tag);
            BinaryPrimitives.WriteInt64LittleEndian(odd[16..], size);
            destination.Advance(OddSizeBytes);
        }

        destination.Write(shard.Image);
    }

    private static void WriteChecked(FileStream stream, ReadOnlySpan<byte> bytes)
    {
        Span<byte> checksum = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(checksum, Crc32C.Compute(bytes));
        stream.Write(bytes);
        stream.Write(checksum);
    }
}
