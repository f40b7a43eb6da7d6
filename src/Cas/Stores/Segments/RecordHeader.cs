using System.Buffers.Binary;
using System.Runtime.InteropServices;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// What stands before each value in a segment. Little-endian; the header and the record as a whole are padded to 16 bytes:
/// <code>
///  0  u32  magic            4  u16  length of this header    6  u8  form       7  u8  digest function
///  8  u64  authenticity code: keyed hash of the whole header with the record's place in this field
/// 16  i64  sequence: the order of commits
/// 24  i64  size in the digest (-1: unknown)
/// 32  i64  length of the value
/// 40  u32  CRC-32C of the value
/// 44  u16  bytes of the instance name
/// 46  u16  zero
/// 48       hash, instance name (UTF-16), zeros
/// </code>
/// </summary>
/// <remarks>
/// The code binds the header to its segment and offset under the store's secret. So recovery can look for headers anywhere, after any
/// damage, and never takes for one what a client wrote into a blob, be it a copy of another record.
/// </remarks>
internal readonly struct RecordHeader
{
    /// <summary>Headers and records are padded to a multiple of this.</summary>
    public const int Alignment = 16;

    /// <summary>The longest header: 64 bytes of hash and an instance name of 1024 characters.</summary>
    public const int MaxLength = FixedLength + Digest.MaxHashLength + 2 * 1024;

    private const uint Magic = 0x31425852; // "RXB1"
    private const byte PlainForm = 1;
    private const byte CompressedForm = 2;
    private const int FixedLength = 48;
    private const int CodeOffset = 8;

    /// <summary>Makes a header.</summary>
    public RecordHeader(Digest digest, long sequence, long valueLength, uint checksum, bool isCompressed = false)
    {
        Digest = digest;
        Sequence = sequence;
        ValueLength = valueLength;
        Checksum = checksum;
        IsCompressed = isCompressed;
        Length = LengthFor(digest);
    }

    /// <summary>The key the value is stored under, with the size it was written with.</summary>
    public Digest Digest { get; }

    /// <summary>The order of commits, over the whole store: of two records of one key the higher one counts.</summary>
    public long Sequence { get; }

    /// <summary>The length of the value in bytes, as it is stored.</summary>
    public long ValueLength { get; }

    /// <summary>The CRC-32C of the value, as it is stored.</summary>
    public uint Checksum { get; }

    /// <summary>True if the value is stored as <see cref="CompressedValue"/> says.</summary>
    public bool IsCompressed { get; }

    /// <summary>The length of the header itself, padding included.</summary>
    public int Length { get; }

    /// <summary>The length of the whole record.</summary>
    public long RecordLength => RecordLengthFor(Length, ValueLength);

    /// <summary>The length of the header of a record of this digest.</summary>
    public static int LengthFor(in Digest digest) => (int)Align(FixedLength + digest.Function.HashLength() + 2 * digest.Instance.Value.Length);

    /// <summary>The length of a record.</summary>
    public static long RecordLengthFor(int headerLength, long valueLength) => Align(headerLength + valueLength);

    /// <summary>True if a header may start with these bytes: a cheap test before <see cref="TryRead"/>.</summary>
    public static bool MayStartWith(ReadOnlySpan<byte> bytes) => bytes.Length >= FixedLength && BinaryPrimitives.ReadUInt32LittleEndian(bytes) == Magic;

    /// <summary>Where in some bytes, which lie where a header may begin, is the first place where one may: its magic stands there. -1 if there is none.</summary>
    public static int IndexOfStart(ReadOnlySpan<byte> bytes)
    {
        Span<byte> magic = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(magic, Magic);
        for (int at = 0; at < bytes.Length; at = (at & ~(Alignment - 1)) + Alignment)
        {
            int found = bytes[at..].IndexOf(magic);
            if (found < 0)
                return -1;
            at += found;
            if (at % Alignment == 0)
                return at;
        }

        return -1;
    }

    /// <summary>Writes the header of the record at a place; fills the first <see cref="Length"/> bytes.</summary>
    public void Write(Span<byte> destination, StoreKey key, RecordPlace place)
    {
        ReadOnlySpan<byte> instance = MemoryMarshal.AsBytes(Digest.Instance.Value.AsSpan());
        ReadOnlySpan<byte> hash = Digest.HashSpan;
        destination = destination[..Length];
        destination.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(destination, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[4..], (ushort)Length);
        destination[6] = IsCompressed ? CompressedForm : PlainForm;
        destination[7] = (byte)Digest.Function;
        BinaryPrimitives.WriteUInt64LittleEndian(destination[CodeOffset..], place.Packed);
        BinaryPrimitives.WriteInt64LittleEndian(destination[16..], Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(destination[24..], Digest.SizeBytes);
        BinaryPrimitives.WriteInt64LittleEndian(destination[32..], ValueLength);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[40..], Checksum);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[44..], (ushort)instance.Length);
        hash.CopyTo(destination[FixedLength..]);
        instance.CopyTo(destination[(FixedLength + hash.Length)..]);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[CodeOffset..], key.Authenticate(destination));
    }

    /// <summary>Reads the header of the record at a place; false unless it is whole, undamaged and was written for that place.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, StoreKey key, RecordPlace place, out RecordHeader header)
    {
        header = default;
        if (!MayStartWith(source))
            return false;
        int length = BinaryPrimitives.ReadUInt16LittleEndian(source[4..]);
        if (length < FixedLength || length > source.Length)
            return false;

        Span<byte> bytes = stackalloc byte[length];
        source[..length].CopyTo(bytes);
        ulong code = BinaryPrimitives.ReadUInt64LittleEndian(bytes[CodeOffset..]);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[CodeOffset..], place.Packed);
        if (key.Authenticate(bytes) != code || bytes[6] is not (PlainForm or CompressedForm))
            return false;

        // Authentic from here on: what is checked below could only fail for a record of another version.
        var function = (DigestFunction)bytes[7];
        int hashLength = function.HashLength(), instanceLength = BinaryPrimitives.ReadUInt16LittleEndian(bytes[44..]);
        if (hashLength == 0 || FixedLength + hashLength + instanceLength > length)
            return false;
        string instanceText = MemoryMarshal.Cast<byte, char>(bytes.Slice(FixedLength + hashLength, instanceLength)).ToString();
        if (!InstanceName.TryParse(instanceText, out InstanceName instance, out _))
            return false;

        long size = BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]);
        Digest digest = Digest.Create(instance, function, bytes.Slice(FixedLength, hashLength), Math.Max(size, 0));
        header = new RecordHeader(
            size == Digest.UnknownSize ? digest.WithoutSize() : digest,
            BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[40..]),
            bytes[6] == CompressedForm);
        return header.Length == length && header.ValueLength >= 0;
    }

    private static long Align(long length) => (length + Alignment - 1) & ~(Alignment - 1L);
}
