using System.Buffers;
using System.Buffers.Binary;
using RemoteExec.Cas.Stores.Segments;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>
/// The end of a pack, which lists its records: so the index comes back from the ends of all packs, without the data. Little-endian:
/// <code>
/// for each record:  u32 offset in units of 16 bytes;  its header
/// trailer:          u64 magic, i64 length of all of the above, i64 length of the pack before it, u32 CRC-32C of all of the above, u32 CRC-32C of the trailer so far
/// </code>
/// </summary>
internal static class PackManifest
{
    /// <summary>The length of the trailer.</summary>
    public const int TrailerLength = 32;

    private const ulong Magic = 0x31304B4341505852; // "RXPACK01"

    /// <summary>Writes the end of a pack.</summary>
    /// <param name="destination">Gets the bytes.</param>
    /// <param name="entries">The records that count.</param>
    /// <param name="packLength">How long the pack is so far.</param>
    public static void Write(ArrayBufferWriter<byte> destination, IEnumerable<PackEntry> entries, long packLength)
    {
        foreach (PackEntry entry in entries)
        {
            int length = sizeof(uint) + entry.Record.HeaderLength;
            Span<byte> bytes = destination.GetSpan(length);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, checked((uint)(entry.Offset / PackRecord.Alignment)));
            entry.Record.Write(bytes[sizeof(uint)..]);
            destination.Advance(length);
        }

        Span<byte> trailer = stackalloc byte[TrailerLength];
        BinaryPrimitives.WriteUInt64LittleEndian(trailer, Magic);
        BinaryPrimitives.WriteInt64LittleEndian(trailer[8..], destination.WrittenCount);
        BinaryPrimitives.WriteInt64LittleEndian(trailer[16..], packLength);
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[24..], Crc32C.Compute(destination.WrittenSpan));
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[28..], Crc32C.Compute(trailer[..28]));
        destination.Write(trailer);
    }

    /// <summary>How long the manifest is, trailer included, whose last bytes are these; false if it is none, or damaged.</summary>
    public static bool TryReadLength(ReadOnlySpan<byte> end, out long length)
    {
        length = 0;
        if (end.Length < TrailerLength)
            return false;
        ReadOnlySpan<byte> trailer = end[^TrailerLength..];
        if (BinaryPrimitives.ReadUInt64LittleEndian(trailer) != Magic || BinaryPrimitives.ReadUInt32LittleEndian(trailer[28..]) != Crc32C.Compute(trailer[..28]))
            return false;
        length = BinaryPrimitives.ReadInt64LittleEndian(trailer[8..]);
        if (length is < 0 or > int.MaxValue - TrailerLength)
            return false;
        length += TrailerLength;
        return true;
    }

    /// <summary>Reads a whole manifest; null if it is damaged.</summary>
    public static IReadOnlyList<PackEntry>? TryRead(ReadOnlySpan<byte> manifest) => TryRead(manifest, out _);

    /// <summary>Reads a whole manifest, and how long the pack before it is; null if it is damaged.</summary>
    public static IReadOnlyList<PackEntry>? TryRead(ReadOnlySpan<byte> manifest, out long packLength)
    {
        packLength = 0;
        if (!TryReadLength(manifest, out long length) || length != manifest.Length)
            return null;
        ReadOnlySpan<byte> trailer = manifest[^TrailerLength..], rest = manifest[..^TrailerLength];
        packLength = BinaryPrimitives.ReadInt64LittleEndian(trailer[16..]);
        if (Crc32C.Compute(rest) != BinaryPrimitives.ReadUInt32LittleEndian(trailer[24..]))
            return null;

        var entries = new List<PackEntry>();
        while (!rest.IsEmpty)
        {
            if (rest.Length < sizeof(uint) || !PackRecord.TryRead(rest[sizeof(uint)..], out PackRecord record))
                return null;
            long offset = (long)BinaryPrimitives.ReadUInt32LittleEndian(rest) * PackRecord.Alignment;
            if (offset + record.Length > packLength)
                return null;
            entries.Add(new PackEntry(offset, record));
            rest = rest[(sizeof(uint) + record.HeaderLength)..];
        }

        return entries;
    }
}
