using System.Buffers;

namespace RemoteExec.Cas.Frames;

/// <summary>
/// Reads the fields of a protobuf message in place, for the messages that carry bulk data: nothing is copied, byte fields are slices of the input.
/// Every method is false for input that ends too early or is no protobuf.
/// </summary>
internal ref struct ProtoReader(in ReadOnlySequence<byte> message)
{
    private const int MaxVarintBytes = 10;
    private const int MaxGroupDepth = 100;
    private SequenceReader<byte> reader = new(message);

    /// <summary>True once all fields were read.</summary>
    public readonly bool AtEnd => reader.End;

    /// <summary>Reads the number and the wire type of the next field, as they stand together on the wire.</summary>
    public bool TryReadTag(out uint tag)
    {
        tag = 0;
        if (!TryReadVarint(out ulong value) || value > uint.MaxValue || value >> 3 == 0)
            return false;
        tag = (uint)value;
        return true;
    }

    /// <summary>Reads a varint: any integer or bool.</summary>
    public bool TryReadVarint(out ulong value)
    {
        value = 0;
        for (int i = 0; i < MaxVarintBytes; i++)
        {
            if (!reader.TryRead(out byte next))
                return false;
            value |= (ulong)(next & 0x7F) << (7 * i);
            if (next < 0x80)
                return true;
        }

        return false;
    }

    /// <summary>Reads a length and as many bytes: a string, bytes or a message.</summary>
    public bool TryReadBytes(out ReadOnlySequence<byte> bytes)
    {
        bytes = default;
        return TryReadVarint(out ulong length) && length <= (ulong)reader.Remaining && reader.TryReadExact((int)length, out bytes);
    }

    /// <summary>Skips the value of a field that is not known.</summary>
    public bool TrySkip(uint tag) => TrySkip(tag, MaxGroupDepth);

    private bool TrySkip(uint tag, int depth)
    {
        switch (tag & 7)
        {
            case 0:
                return TryReadVarint(out _);
            case 1:
                return TryAdvance(sizeof(ulong));
            case 2:
                return TryReadBytes(out _);
            case 3:
                return depth > 0 && TrySkipGroup(tag, depth - 1);
            case 5:
                return TryAdvance(sizeof(uint));
            default:
                return false; // the end of a group that was not begun, or no wire type
        }
    }

    private bool TrySkipGroup(uint start, int depth)
    {
        uint end = start + 1; // the wire type after "group begins" is "group ends"
        while (TryReadTag(out uint tag))
        {
            if (tag == end)
                return true;
            if (!TrySkip(tag, depth))
                return false;
        }

        return false;
    }

    private bool TryAdvance(int count)
    {
        if (reader.Remaining < count)
            return false;
        reader.Advance(count);
        return true;
    }
}
