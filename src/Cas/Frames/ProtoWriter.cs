using System.Buffers;

namespace RemoteExec.Cas.Frames;

/// <summary>The few pieces of protobuf's encoding that the messages written by hand consist of.</summary>
internal static class ProtoWriter
{
    /// <summary>The length of a varint.</summary>
    public static int LengthOf(ulong value)
    {
        int length = 1;
        for (; value >= 0x80; value >>= 7)
            length++;
        return length;
    }

    /// <summary>Encodes a varint and returns its length.</summary>
    public static int Encode(Span<byte> destination, ulong value)
    {
        int length = 0;
        for (; value >= 0x80; value >>= 7)
            destination[length++] = (byte)(value | 0x80);
        destination[length++] = (byte)value;
        return length;
    }

    /// <summary>Writes a varint.</summary>
    public static void WriteVarint(IBufferWriter<byte> output, ulong value)
    {
        int length = LengthOf(value);
        Encode(output.GetSpan(length), value);
        output.Advance(length);
    }
}
