namespace RemoteExec.Protocol.Wire;

/// <summary>Protobuf's integers of variable length.</summary>
public static class Varint
{
    /// <summary>The length of a value's encoding in bytes, 1 to 10.</summary>
    public static int LengthOf(ulong value)
    {
        int length = 1;
        for (; value >= 0x80; value >>= 7)
            length++;
        return length;
    }

    /// <summary>Encodes a value and returns the length of the encoding.</summary>
    public static int Write(Span<byte> destination, ulong value)
    {
        int length = 0;
        for (; value >= 0x80; value >>= 7)
            destination[length++] = (byte)(value | 0x80);
        destination[length++] = (byte)value;
        return length;
    }
}
