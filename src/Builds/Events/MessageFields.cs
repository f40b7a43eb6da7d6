using System.Text;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.Builds.Events;

/// <summary>The fields of a protobuf message, one after the other, without making anything of them: what a stranger sends takes no more memory than it did on the wire.</summary>
internal ref struct MessageFields(ReadOnlySpan<byte> message)
{
    private const int Varint = 0, Fixed64 = 1, LengthDelimited = 2, Fixed32 = 5; // wire types
    private FieldReader reader = new(message);

    /// <summary>The field's number.</summary>
    public int Number { get; private set; }

    /// <summary>Its value, if it is an integer, an enum or a bool; 0 otherwise.</summary>
    public long Value { get; private set; }

    /// <summary>Its value, if it is a message or text; empty otherwise.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>Moves to the next field; false at the end.</summary>
    /// <exception cref="EventMalformedException">It is no message.</exception>
    public bool Next()
    {
        if (reader.AtEnd)
            return false;
        if (!reader.TryReadVarint(out ulong tag) || tag >> 3 is 0 or > int.MaxValue)
            throw new EventMalformedException();
        Number = (int)(tag >> 3);
        ulong value = 0;
        ReadOnlySpan<byte> bytes = default;
        bool isGood = (int)(tag & 7) switch
        {
            Varint => reader.TryReadVarint(out value),
            LengthDelimited => reader.TryReadBytes(out bytes),
            Fixed64 => reader.TrySkip(sizeof(ulong)),
            Fixed32 => reader.TrySkip(sizeof(uint)),
            _ => false,
        };
        if (!isGood)
            throw new EventMalformedException();
        Value = (long)value;
        Bytes = bytes;
        return true;
    }

    /// <summary>The text in one field of a message, cut off at a length; empty if it has none.</summary>
    /// <exception cref="EventMalformedException">It is no message.</exception>
    public static string TextOf(ReadOnlySpan<byte> message, int number, int longest)
    {
        string text = "";
        var fields = new MessageFields(message);
        while (fields.Next())
        {
            if (fields.Number == number)
                text = fields.ToText(longest);
        }

        return text;
    }

    /// <summary>The integer in one field of a message; 0 if it has none.</summary>
    /// <exception cref="EventMalformedException">It is no message.</exception>
    public static int NumberOf(ReadOnlySpan<byte> message, int number)
    {
        int value = 0;
        var fields = new MessageFields(message);
        while (fields.Next())
        {
            if (fields.Number == number)
                value = fields.ToInt32();
        }

        return value;
    }

    /// <summary>The integer, cut off where it does not fit.</summary>
    public readonly int ToInt32() => (int)Math.Clamp(Value, int.MinValue, int.MaxValue);

    /// <summary>The text, cut off at a length.</summary>
    public readonly string ToText(int longest)
    {
        ReadOnlySpan<byte> text = Bytes;
        if (text.Length > longest)
        {
            text = text[..longest];
            while (text.Length > 0 && (Bytes[text.Length] & 0xC0) == 0x80)
                text = text[..^1]; // not in the middle of a character
        }

        return Encoding.UTF8.GetString(text);
    }
}
