using System.Buffers;
using System.Buffers.Binary;
using Google.Protobuf;

namespace RemoteExec.Benchmarks.Framing;

internal static class Frames
{
    private const int PrefixLength = 5;

    /// <summary>A framed message of so many zero bytes.</summary>
    public static byte[] Of(int messageBytes)
    {
        var frame = new byte[PrefixLength + messageBytes];
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), (uint)messageBytes);
        return frame;
    }

    /// <summary>A framed message.</summary>
    public static byte[] Of(IMessage message)
    {
        byte[] frame = Of(message.CalculateSize());
        message.WriteTo(frame.AsSpan(PrefixLength));
        return frame;
    }

    /// <summary>The messages of a stream that has arrived as a whole; borrowed from it.</summary>
    public static IEnumerable<ReadOnlySequence<byte>> Messages(ReadOnlySequence<byte> frames)
    {
        while (!frames.IsEmpty)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(frames.Slice(1, PrefixLength - 1).ToArray());
            yield return frames.Slice(PrefixLength, length);
            frames = frames.Slice(PrefixLength + length);
        }
    }
}
