using System.Buffers.Binary;

namespace RemoteExec.Rpc.Framing;

/// <summary>What stands before each message on the wire: a byte of flags, none of which is set here, and four bytes of length, the highest first.</summary>
public static class MessagePrefix
{
    /// <summary>Its length in bytes.</summary>
    public const int Length = 5;

    /// <summary>Writes the prefix of a message that is not compressed.</summary>
    public static void Write(Span<byte> destination, int messageLength)
    {
        destination[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(destination[1..], (uint)messageLength);
    }
}
