using System.Buffers.Binary;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// The form of a compressed value: the length of its content (8 bytes, little-endian), and zstd frames, each of which holds <see cref="BlockBytes"/> of it, the last one less. So
/// nothing has to be kept of an upload between two blocks, and the frames together are what a reader of zstd expects.
/// </summary>
internal static class CompressedValue
{
    /// <summary>How much of the content is compressed at a time.</summary>
    public const int BlockBytes = 64 * 1024;

    /// <summary>The length of what stands before the frames.</summary>
    public const int PrefixBytes = sizeof(long);

    /// <summary>The longest frame: zstd stores what does not shrink as it is, with some bytes round it.</summary>
    public const int MaxFrameBytes = BlockBytes + (BlockBytes / 256) + 64;

    /// <summary>The most that a record may take, if nothing of the value shrinks.</summary>
    public static long MaxRecordLength(int headerLength, long length)
    {
        long blocks = (length + BlockBytes - 1) / BlockBytes;
        return RecordHeader.RecordLengthFor(headerLength, PrefixBytes + length + (blocks * (MaxFrameBytes - BlockBytes)));
    }

    /// <summary>Writes the length of the content.</summary>
    public static void WritePrefix(Span<byte> destination, long length) => BinaryPrimitives.WriteInt64LittleEndian(destination, length);

    /// <summary>Reads the length of the content; null if it can't be right.</summary>
    /// <exception cref="StoreUnavailableException">The disk failed.</exception>
    public static long? TryReadLength(SegmentFile segment, RecordPlace place, in RecordHeader header)
    {
        Span<byte> prefix = stackalloc byte[PrefixBytes];
        if (header.ValueLength <= PrefixBytes || segment.Read(prefix, place.Offset + header.Length) < PrefixBytes)
            return null;
        long length = BinaryPrimitives.ReadInt64LittleEndian(prefix);
        return length > 0 ? length : null;
    }
}
