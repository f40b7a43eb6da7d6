namespace RemoteExec.Protocol.Wire;

/// <summary>
/// Reads the fields of a protobuf message that lies in one piece, without making anything of them. Every method is false for input that ends too early
/// or is no protobuf; what is unusual is left to the generated parsers.
/// </summary>
public ref struct FieldReader(ReadOnlySpan<byte> message)
{
    private const int MaxVarintBytes = 10;
    private ReadOnlySpan<byte> left = message;

    /// <summary>True once all fields were read.</summary>
    public readonly bool AtEnd => left.IsEmpty;

    /// <summary>Reads a varint: a tag, any integer, an enum or a bool.</summary>
    public bool TryReadVarint(out ulong value)
    {
        if (!left.IsEmpty && left[0] < 0x80)
        {
            value = left[0];
            left = left[1..];
            return true;
        }

        return TryReadLongVarint(out value);
    }

    /// <summary>Reads a length and as many bytes: a string, bytes or a message.</summary>
    public bool TryReadBytes(out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (!TryReadVarint(out ulong length) || length > (ulong)left.Length)
            return false;
        bytes = left[..(int)length];
        left = left[(int)length..];
        return true;
    }

    /// <summary>Leaves out as many bytes: a number of a fixed length.</summary>
    public bool TrySkip(int bytes)
    {
        if (bytes > left.Length)
            return false;
        left = left[bytes..];
        return true;
    }

    private bool TryReadLongVarint(out ulong value)
    {
        value = 0;
        for (int i = 0; i < left.Length && i < MaxVarintBytes; i++)
        {
            byte next = left[i];
            value |= (ulong)(next & 0x7F) << (7 * i);
            if (next >= 0x80)
                continue;
            left = left[(i + 1)..];
            return true;
        }

        return false;
    }
}
