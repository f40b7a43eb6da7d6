using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace RemoteExec.Fuzz.Tests.Calls;

/// <summary>
/// Makes messages of any type by their descriptors: most fields get what a client would write there, out of words and blobs that the server knows; the others what lies at the edges, or what
/// belongs into another field.
/// </summary>
internal sealed class MessageMaker(Random random, Vocabulary words)
{
    private const int Deepest = 5;

    private static readonly long[] edges = [0, 1, -1, 2, 63, 64, 65, 127, 128, 1000, 65535, 65536, int.MaxValue, int.MinValue, uint.MaxValue, 1L << 40, long.MaxValue, long.MinValue];

    /// <summary>A message, and what is done to its encoding now and then.</summary>
    public byte[] Next(MessageDescriptor type)
    {
        byte[] encoded = Make(type, 0).ToByteArray();
        if (random.Next(4) > 0)
            return encoded;
        return random.Next(3) switch
        {
            0 => [.. encoded, .. UnknownField()],
            1 => [.. encoded, .. encoded], // what is not repeated counts once, what is twice
            _ => new Mutator(random, [encoded]).Next(),
        };
    }

    private IMessage Make(MessageDescriptor type, int depth)
    {
        IMessage message = type.Parser.ParseFrom(ByteString.Empty);
        if (words.MessageOf(type, random) is { } known && random.Next(8) > 0)
            return known;
        foreach (FieldDescriptor field in type.Fields.InDeclarationOrder())
        {
            if (random.Next(10) < (depth == 0 ? 8 : 5))
                Fill(message, field, depth);
        }

        return message;
    }

    private void Fill(IMessage message, FieldDescriptor field, int depth)
    {
        if (field.IsMap || (depth >= Deepest && field.FieldType == FieldType.Message))
            return;
        if (!field.IsRepeated)
        {
            field.Accessor.SetValue(message, Value(field, depth));
            return;
        }

        var list = (System.Collections.IList)field.Accessor.GetValue(message);
        for (int count = random.Next(12) == 0 ? random.Next(40) : random.Next(4); count > 0; count--)
            list.Add(list.Count > 0 && random.Next(4) == 0 ? list[0] : Value(field, depth));
    }

    private object Value(FieldDescriptor field, int depth) => field.FieldType switch
    {
        FieldType.Message when field.MessageType.ClrType == typeof(Any) => Any.Pack(Make(words.AnyType(random), depth + 1)),
        FieldType.Message => Wrap(Make(field.MessageType, depth + 1)),
        FieldType.String => words.Text(field.Name, random),
        FieldType.Bytes => words.Bytes(random),
        FieldType.Bool => random.Next(2) == 0,
        FieldType.Enum => System.Enum.ToObject(field.EnumType.ClrType, random.Next(5) == 0 ? (int)Edge() : field.EnumType.Values[random.Next(field.EnumType.Values.Count)].Number),
        FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 => (int)Number(),
        FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 => Number(),
        FieldType.UInt32 or FieldType.Fixed32 => (uint)Number(),
        FieldType.UInt64 or FieldType.Fixed64 => (ulong)Number(),
        FieldType.Double => random.Next(3) == 0 ? double.NaN : (double)Edge(),
        _ => (float)Edge(),
    };

    // Of the wrappers of single values the generated classes show the values.
    private static object Wrap(IMessage message) =>
        message.Descriptor.File == WrappersReflection.Descriptor ? message.Descriptor.Fields[1].Accessor.GetValue(message) : message;

    private long Number() => random.Next(3) > 0 ? random.Next(100) : Edge();

    private long Edge() => edges[random.Next(edges.Length)];

    private byte[] UnknownField() => random.Next(4) switch
    {
        0 => [0xfa, 0x7f, 3, 1, 2, 3],
        1 => [0xf8, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        2 => [.. Enumerable.Repeat((byte)0x0b, random.Next(200))], // groups in groups
        _ => [0xfa, 0x7f, 0xff, 0xff, 0xff, 0xff, 0x07],
    };
}
