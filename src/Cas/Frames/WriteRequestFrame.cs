using System.Buffers;
using System.Text;
using RemoteExec.Protocol.Wire;
using RemoteExec.Rpc.Framing;

namespace RemoteExec.Cas.Frames;

/// <summary>
/// A <c>google.bytestream.WriteRequest</c>, read and written by hand. It is read in place: its name and data are slices of the request's memory,
/// borrowed until the next request is read.
/// Fields may come in any order; of a repeated one the last counts; unknown ones are skipped.
/// </summary>
internal readonly struct WriteRequestFrame
{
    private const uint ResourceNameTag = (1 << 3) | 2;
    private const uint WriteOffsetTag = (2 << 3) | 0;
    private const uint FinishWriteTag = (3 << 3) | 0;
    private const uint DataTag = (10 << 3) | 2;
    private static readonly byte[] finish = [(byte)FinishWriteTag, 1];
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

    /// <summary>
    /// Writes a message of a name (empty to leave it out), an offset and data. With <paramref name="finishes"/> it stays open for the one field
    /// that <see cref="Finish"/> writes: the receiver sees nothing of it before.
    /// </summary>
    public static void Write(MessageWriter requests, ReadOnlySpan<byte> resourceName, long offset, in ReadOnlySequence<byte> data, bool finishes)
    {
        int length = (resourceName.IsEmpty ? 0 : 1 + Varint.LengthOf((uint)resourceName.Length) + resourceName.Length)
            + 1 + Varint.LengthOf((ulong)offset)
            + 1 + Varint.LengthOf((ulong)data.Length) + (int)data.Length
            + (finishes ? finish.Length : 0);
        requests.Start(length);
        if (!resourceName.IsEmpty)
        {
            ProtoWriter.WriteVarint(requests, ResourceNameTag);
            ProtoWriter.WriteVarint(requests, (uint)resourceName.Length);
            requests.Write(resourceName);
        }

        ProtoWriter.WriteVarint(requests, WriteOffsetTag);
        ProtoWriter.WriteVarint(requests, (ulong)offset);
        ProtoWriter.WriteVarint(requests, DataTag);
        ProtoWriter.WriteVarint(requests, (ulong)data.Length);
        foreach (ReadOnlyMemory<byte> piece in data)
            requests.Write(piece.Span);
    }

    /// <summary>Ends a message that was written with room for finish_write.</summary>
    public static void Finish(MessageWriter requests) => requests.Write(finish);

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
