using System.Buffers;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;
using RemoteExec.Rpc.Framing;

namespace RemoteExec.Cas.Frames;

/// <summary>
/// A <c>google.bytestream.ReadResponse</c>, written and read by hand: bytes go from a blob straight into the transport's memory, and the other
/// way round.
/// </summary>
internal static class ReadResponseFrame
{
    private const uint DataTag = (10 << 3) | 2;

    /// <summary>The most data in one message: with its header it fills 1 MiB of memory and not a byte more, as pools rent powers of two.</summary>
    public const int MaxDataBytes = (1024 * 1024) - 16;

    /// <summary>
    /// Reads the next <paramref name="count"/> bytes of a blob and makes them a message. What fails to be read leaves the call without a trace
    /// of the message.
    /// </summary>
    /// <exception cref="BlobCorruptException">The blob ended before.</exception>
    public static async ValueTask WriteAsync(MessageWriter responses, BlobReader blob, Digest digest, int count, CancellationToken cancellationToken)
    {
        int headerLength = 1 + Varint.LengthOf((uint)count);
        Memory<byte> message = responses.Reserve(headerLength + count);
        message.Span[0] = (byte)DataTag;
        Varint.Write(message.Span[1..], (uint)count);
        for (int filled = headerLength; filled < message.Length;)
        {
            int read = await blob.ReadAsync(message[filled..], cancellationToken);
            if (read == 0)
                throw new BlobCorruptException(digest);
            filled += read;
        }

        responses.Commit();
    }

    /// <summary>Makes bytes that are at hand a message.</summary>
    public static void Write(MessageWriter responses, ReadOnlySpan<byte> data)
    {
        int headerLength = 1 + Varint.LengthOf((uint)data.Length);
        Span<byte> message = responses.Reserve(headerLength + data.Length).Span;
        message[0] = (byte)DataTag;
        Varint.Write(message[1..], (uint)data.Length);
        data.CopyTo(message[headerLength..]);
        responses.Commit();
    }

    /// <summary>Reads a message in place; false if it is no ReadResponse.</summary>
    public static bool TryParse(in ReadOnlySequence<byte> message, out ReadOnlySequence<byte> data)
    {
        data = default;
        var reader = new ProtoReader(message);
        while (!reader.AtEnd)
        {
            if (!reader.TryReadTag(out uint tag) || !(tag == DataTag ? reader.TryReadBytes(out data) : reader.TrySkip(tag)))
                return false;
        }

        return true;
    }
}
