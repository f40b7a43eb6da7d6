using System.Buffers.Binary;
using RemoteExec.Cas.Stores.Segments;

namespace RemoteExec.Execution.Journal;

/// <summary>
/// How a journal is kept in a file. Numbers are little-endian, checksums CRC-32C.
/// <code>
/// file   = head, frames
/// head   = "RXJOURN1", uint64 length of the snapshot's frames, uint32 checksum of the 16 bytes before
/// frame  = uint32 length of the batch, uint32 checksum of the batch, uint32 checksum of the 8 bytes before, JournalBatch
/// </code>
/// The length has a checksum of its own, so that a damaged one is not taken for a frame that goes beyond the end.
/// </summary>
internal static class JournalFileFormat
{
    /// <summary>The length of the head.</summary>
    public const int HeadBytes = 20;

    /// <summary>What stands before each batch.</summary>
    public const int PrefixBytes = 12;

    private static ReadOnlySpan<byte> Magic => "RXJOURN1"u8;

    /// <summary>The head of a file.</summary>
    public static byte[] HeadOf(long snapshotBytes)
    {
        var head = new byte[HeadBytes];
        Magic.CopyTo(head);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(8), snapshotBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(16), Crc32C.Compute(head.AsSpan(0, 16)));
        return head;
    }

    /// <summary>Reads the head; false if it is none.</summary>
    public static bool TryReadHead(ReadOnlySpan<byte> head, out long snapshotBytes)
    {
        snapshotBytes = BinaryPrimitives.ReadInt64LittleEndian(head[8..]);
        return head.StartsWith(Magic) && BinaryPrimitives.ReadUInt32LittleEndian(head[16..]) == Crc32C.Compute(head[..16]) && snapshotBytes >= 0;
    }

    /// <summary>Writes what stands before a batch.</summary>
    public static void WritePrefix(Span<byte> prefix, ReadOnlySpan<byte> batch)
    {
        BinaryPrimitives.WriteInt32LittleEndian(prefix, batch.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(prefix[4..], Crc32C.Compute(batch));
        BinaryPrimitives.WriteUInt32LittleEndian(prefix[8..], Crc32C.Compute(prefix[..8]));
    }

    /// <summary>Reads what stands before a batch; false if it is damaged.</summary>
    public static bool TryReadPrefix(ReadOnlySpan<byte> prefix, out int length, out uint checksum)
    {
        length = BinaryPrimitives.ReadInt32LittleEndian(prefix);
        checksum = BinaryPrimitives.ReadUInt32LittleEndian(prefix[4..]);
        return BinaryPrimitives.ReadUInt32LittleEndian(prefix[8..]) == Crc32C.Compute(prefix[..8]) && length >= 0;
    }
}
