using System.Buffers;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.Cas.Frames;

/// <summary>Writes the pieces of protobuf's encoding that the messages written by hand consist of.</summary>
internal static class ProtoWriter
{
    /// <summary>Writes a varint.</summary>
    public static void WriteVarint(IBufferWriter<byte> output, ulong value)
    {
        int length = Varint.LengthOf(value);
        Varint.Write(output.GetSpan(length), value);
        output.Advance(length);
    }

    /// <summary>Writes the tag and the length of a field of bytes, and the bytes; returns the length of it all.</summary>
    public static int WriteBytes(Span<byte> destination, byte tag, ReadOnlySpan<byte> bytes)
    {
        int length = WriteLength(destination, tag, bytes.Length);
        bytes.CopyTo(destination[length..]);
        return length + bytes.Length;
    }

    /// <summary>Writes the tag and the length of a field of bytes, which the caller writes behind it; returns their length.</summary>
    public static int WriteLength(Span<byte> destination, byte tag, int count)
    {
        destination[0] = tag;
        return 1 + Varint.Write(destination[1..], (ulong)count);
    }

    /// <summary>The length of a field with a tag of one byte and that many bytes.</summary>
    public static int LengthOfBytes(int count) => 1 + Varint.LengthOf((ulong)count) + count;
}
