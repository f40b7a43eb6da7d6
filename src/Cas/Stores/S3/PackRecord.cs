using System.Buffers.Binary;
using System.Runtime.InteropServices;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>
/// What stands before each value in a pack, and once more in the pack's manifest. Little-endian; the header and the record as a whole are padded to 16 bytes:
/// <code>
///  0  u32  magic            4  u16  length of this header    6  u8  form       7  u8  digest function
///  8  i64  size in the digest (-1: unknown)
/// 16  i64  length of the value
/// 24  u32  CRC-32C of the value
/// 28  u32  CRC-32C of the header, with zero in this field
/// 32  u32  hour of the last use, since 1970
/// 36  u16  bytes of the instance name                        38  u16  zero
/// 40       hash, instance name (UTF-16), zeros
/// </code>
/// </summary>
/// <remarks>
/// Unlike in a segment nothing here is authenticated: headers are never looked for, but only read where the record before ended, or where a manifest says.
/// </remarks>
internal readonly record struct PackRecord
{
    /// <summary>Headers and records are padded to a multiple of this.</summary>
    public const int Alignment = RecordHeader.Alignment;

    /// <summary>The length of every header's first part.</summary>
    public const int FixedLength = 40;

    /// <summary>The longest header.</summary>
    public const int MaxLength = FixedLength + Digest.MaxHashLength + 2 * 1024 + Alignment;

    private const uint Magic = 0x31505852; // "RXP1"
    private const byte Form = 1;

    /// <summary>The key, with the size it was written with.</summary>
    public required Digest Digest { get; init; }

    /// <summary>The length of the value in bytes.</summary>
    public required long ValueLength { get; init; }

    /// <summary>The CRC-32C of the value.</summary>
    public required uint Checksum { get; init; }

    /// <summary>The hour of the last use before this was written.</summary>
    public required uint Hour { get; init; }

    /// <summary>The length of the header, padding included.</summary>
    public int HeaderLength => HeaderLengthFor(Digest);

    /// <summary>The length of the whole record.</summary>
    public long Length => Align(HeaderLength + ValueLength);

    /// <summary>The length of the header of a record of this digest.</summary>
    public static int HeaderLengthFor(in Digest digest) => (int)Align(FixedLength + digest.HashSpan.Length + 2 * digest.Instance.Value.Length);

    /// <summary>The length of a record of this digest.</summary>
    public static long LengthFor(in Digest digest, long valueLength) => Align(HeaderLengthFor(digest) + valueLength);

    /// <summary>Writes the header; fills the first <see cref="HeaderLength"/> bytes.</summary>
    public void Write(Span<byte> destination)
    {
        Digest digest = Digest;
        ReadOnlySpan<byte> hash = digest.HashSpan;
        ReadOnlySpan<byte> instance = MemoryMarshal.AsBytes(digest.Instance.Value.AsSpan());
        destination = destination[..HeaderLength];
        destination.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(destination, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[4..], (ushort)destination.Length);
        destination[6] = Form;
        destination[7] = (byte)digest.Function;
        BinaryPrimitives.WriteInt64LittleEndian(destination[8..], digest.SizeBytes);
        BinaryPrimitives.WriteInt64LittleEndian(destination[16..], ValueLength);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[24..], Checksum);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[32..], Hour);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[36..], (ushort)instance.Length);
        hash.CopyTo(destination[FixedLength..]);
        instance.CopyTo(destination[(FixedLength + hash.Length)..]);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[28..], Crc32C.Compute(destination));
    }

    /// <summary>Reads a header; false unless it is there, whole and undamaged.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out PackRecord record)
    {
        record = default;
        if (source.Length < FixedLength || BinaryPrimitives.ReadUInt32LittleEndian(source) != Magic)
            return false;
        int length = BinaryPrimitives.ReadUInt16LittleEndian(source[4..]);
        if (length < FixedLength || length > Math.Min(source.Length, MaxLength))
            return false;

        Span<byte> bytes = stackalloc byte[length];
        source[..length].CopyTo(bytes);
        uint checksum = BinaryPrimitives.ReadUInt32LittleEndian(bytes[28..]);
        bytes[28..32].Clear();
        if (Crc32C.Compute(bytes) != checksum || bytes[6] != Form)
            return false;

        var function = (DigestFunction)bytes[7];
        int hashLength = function.HashLength(), instanceLength = BinaryPrimitives.ReadUInt16LittleEndian(bytes[36..]);
        if (hashLength == 0 || FixedLength + hashLength + instanceLength > length)
            return false;
        string instanceText = MemoryMarshal.Cast<byte, char>(bytes.Slice(FixedLength + hashLength, instanceLength)).ToString();
        long size = BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]);
        long valueLength = BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]);
        if (size < Digest.UnknownSize || valueLength is < 0 or >= IndexSlot.LengthLimit || !InstanceName.TryParse(instanceText, out InstanceName instance, out _))
            return false;

        Digest digest = Digest.Create(instance, function, bytes.Slice(FixedLength, hashLength), Math.Max(size, 0));
        record = new PackRecord
        {
            Digest = size == Digest.UnknownSize ? digest.WithoutSize() : digest,
            ValueLength = valueLength,
            Checksum = BinaryPrimitives.ReadUInt32LittleEndian(bytes[24..]),
            Hour = BinaryPrimitives.ReadUInt32LittleEndian(bytes[32..]),
        };
        return record.HeaderLength == length;
    }

    private static long Align(long length) => (length + Alignment - 1) & ~(Alignment - 1L);
}
