using System.Buffers.Binary;
using System.Security.Cryptography;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Stores;

/// <summary>
/// What stands before a value in Redis: format (1 byte), checksum of all behind it (4), the size in the digest (8), the length of the value (4), and random bytes (8) by which one write is
/// told from another.
/// </summary>
internal static class RedisValueHeader
{
    /// <summary>The length of the header in bytes.</summary>
    public const int Length = 1 + 4 + 8 + 4 + 8;

    private const byte Format = 1;

    /// <summary>Fills in the header of a record whose value is in place.</summary>
    public static void Write(Span<byte> record, in Digest digest)
    {
        record[0] = Format;
        BinaryPrimitives.WriteInt64LittleEndian(record[5..], digest.SizeBytes);
        BinaryPrimitives.WriteInt32LittleEndian(record[13..], record.Length - Length);
        RandomNumberGenerator.Fill(record[17..Length]);
        BinaryPrimitives.WriteUInt32LittleEndian(record[1..], Crc32C.Compute(record[5..]));
    }

    /// <summary>True if a record that begins so answers for a digest, in whose key it was found.</summary>
    public static bool Matches(ReadOnlySpan<byte> head, in Digest digest)
    {
        if (head.Length < Length || head[0] != Format)
            return false;
        long size = BinaryPrimitives.ReadInt64LittleEndian(head[5..]);
        return size == digest.SizeBytes || size == Digest.UnknownSize || !digest.HasSize;
    }

    /// <summary>True if a record is as it was written.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> record) =>
        record.Length >= Length && BinaryPrimitives.ReadInt32LittleEndian(record[13..]) == record.Length - Length
        && BinaryPrimitives.ReadUInt32LittleEndian(record[1..]) == Crc32C.Compute(record[5..]);
}
