using System.Buffers.Binary;

namespace RemoteExec.Benchmarks.Framing;

internal static class Frames
{
    /// <summary>A framed message of so many zero bytes.</summary>
    public static byte[] Of(int messageBytes)
    {
        var frame = new byte[5 + messageBytes];
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), (uint)messageBytes);
        return frame;
    }
}
