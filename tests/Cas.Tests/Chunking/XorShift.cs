using System.Buffers.Binary;

namespace RemoteExec.Cas.Tests.Chunking;

/// <summary>Content that any language makes in three lines.</summary>
internal static class XorShift
{
    /// <summary>The first bytes of the stream.</summary>
    public static byte[] Content(int length)
    {
        var content = new byte[(length + 7) / 8 * 8];
        ulong x = 88172645463325252;
        for (int i = 0; i < content.Length; i += 8)
        {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            BinaryPrimitives.WriteUInt64LittleEndian(content.AsSpan(i), x);
        }

        return content[..length];
    }
}
