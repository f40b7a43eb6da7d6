using System.Buffers.Binary;

namespace RemoteExec.Cas.Compression;

/// <summary>What the header of a zstd frame asks of its reader (RFC 8878, 3.1.1.1).</summary>
internal static class ZstdFrame
{
    /// <summary>The most that a reader of ours grants.</summary>
    public const int MostWindowBytes = 1 << ZstdContext.WindowLog;

    private const uint Magic = 0xFD2FB528;
    private const int SingleSegment = 1 << 5;
    private static readonly int[] dictionaryBytes = [0, 1, 2, 4];
    private static readonly int[] contentSizeBytes = [1, 2, 4, 8]; // of frames in one segment, which have it always

    /// <summary>The window of a frame that begins like this: never less than its reader takes, and the most there is if the beginning does not tell.</summary>
    public static int WindowOf(ReadOnlySpan<byte> start)
    {
        if (start.Length < 6 || BinaryPrimitives.ReadUInt32LittleEndian(start) != Magic)
            return MostWindowBytes;
        byte descriptor = start[4];
        if ((descriptor & SingleSegment) == 0)
        {
            long unit = 1L << (10 + (start[5] >> 3));
            return (int)Math.Min(unit + (unit / 8 * (start[5] & 7)), MostWindowBytes);
        }

        int at = 5 + dictionaryBytes[descriptor & 3], length = contentSizeBytes[descriptor >> 6];
        if (start.Length < at + length)
            return MostWindowBytes;
        ReadOnlySpan<byte> size = start[at..];
        return length switch
        {
            1 => size[0],
            2 => BinaryPrimitives.ReadUInt16LittleEndian(size) + 256,
            4 => (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(size), MostWindowBytes),
            _ => (int)Math.Min(BinaryPrimitives.ReadUInt64LittleEndian(size), MostWindowBytes),
        };
    }
}
