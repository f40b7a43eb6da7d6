using System.Buffers;
using System.Text;

namespace RemoteExec.Cas.Frames;

/// <summary>
/// A <c>google.bytestream.WriteRequest</c> read in place: its name and data are slices of the request's memory, borrowed until the next request is read.
/// Fields may come in any order; of a repeated one the last counts; unknown ones are skipped.
/// </summary>
internal readonly struct WriteRequestFrame
{
    private const uint ResourceNameTag = (1 << 3) | 2;
    private const uint WriteOffsetTag = (2 << 3) | 0;
    private const uint FinishWriteTag = (3 << 3) | 0;
    private const uint DataTag = (10 << 3) | 2;
    private static readonly UTF8Encoding strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The resource name in UTF-8; empty if the message has none.</summary>
    public ReadOnlySequence<byte> ResourceName { get; private init; }

    /// <summary>Where in the blob the data belongs.</summary>
    public long WriteOffset { get; private init; }

    /// <summary>True if this is the last message of the upload.</summary>
    public bool FinishWrite { get; private init; }

    /// <summary>The data; may be empty.</summary>
    public ReadOnlySequence<byte> Data { get; private init; }

    /// <summary>Reads a message; false if it is no WriteRequest.</summary>
    public static bool TryParse(in ReadOnlySequence<byte> message, out WriteRequestFrame frame)
    {
        frame = default;
        ReadOnlySequence<byte> name = default, data = default;
        ulong offset = 0, finish = 0;
        var reader = new ProtoReader(message);
        while (!reader.AtEnd)
        {
            bool isGood = reader.TryReadTag(out uint tag) && tag switch
            {
                ResourceNameTag => reader.TryReadBytes(out name),
                WriteOffsetTag => reader.TryReadVarint(out offset),
                FinishWriteTag => reader.TryReadVarint(out finish),
                DataTag => reader.TryReadBytes(out data),
                _ => reader.TrySkip(tag),
            };
            if (!isGood)
                return false;
        }

        frame = new WriteRequestFrame { ResourceName = name, WriteOffset = (long)offset, FinishWrite = finish != 0, Data = data };
        return true;
    }

    /// <summary>Decodes the resource name; false if it is no UTF-8.</summary>
    public bool TryGetResourceName(out string name)
    {
        try
        {
            name = strictUtf8.GetString(ResourceName);
            return true;
        }
        catch (DecoderFallbackException)
        {
            name = "";
            return false;
        }
    }

    /// <summary>True if the message leaves the resource name out or repeats it (BSW-01).</summary>
    public bool ContinuesUpload(string name) =>
        ResourceName.IsEmpty || (TryGetResourceName(out string repeated) && string.Equals(repeated, name, StringComparison.Ordinal));
}
