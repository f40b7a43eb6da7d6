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

    /// <summary>Writes the tag and the length of a field of bytes, and the bytes.</summary>
    public static void WriteBytes(IBufferWriter<byte> output, uint tag, ReadOnlySpan<byte> bytes)
    {
        WriteVarint(output, tag);
        WriteVarint(output, (ulong)bytes.Length);
        output.Write(bytes);
    }

    /// <summary>The length of a field with a tag of one byte and that many bytes.</summary>
    public static int LengthOfBytes(int count) => 1 + Varint.LengthOf((ulong)count) + count;
}
