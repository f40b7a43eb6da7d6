using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Pipelines;

namespace RemoteExec.Rpc.Framing;

/// <summary>
/// Reads gRPC messages (one byte of flags, four of length, then the message) out of a pipe, without copying them. Not thread-safe.
/// </summary>
/// <param name="input">The body of a request or response.</param>
/// <param name="maxMessageBytes">Longer messages end the call with RESOURCE_EXHAUSTED; also the bound on a decompressed message.</param>
/// <param name="gzip">True if the peer announced <c>grpc-encoding: gzip</c>, so that messages may have the compressed flag.</param>
public sealed class MessageReader(PipeReader input, int maxMessageBytes, bool gzip = false)
{
    private const int PrefixLength = 5;
    private SequencePosition? consumed;

    /// <summary>
    /// The message that <see cref="MoveNextAsync(CancellationToken)"/> found: borrowed, valid until the next call of it or of <see cref="Release"/>.
    /// </summary>
    public ReadOnlySequence<byte> Current { get; private set; }

    /// <summary>How many bytes the messages had so far, as they are on the wire, without what precedes each.</summary>
    public long MessageBytes { get; private set; }

    /// <summary>Moves to the next message; false at the end of the stream.</summary>
    /// <exception cref="RpcException">A message is cut off (INTERNAL), too long (RESOURCE_EXHAUSTED) or compressed without notice (INTERNAL).</exception>
    /// <exception cref="OperationCanceledException">The token fired, or the peer has gone.</exception>
    public ValueTask<bool> MoveNextAsync(CancellationToken cancellationToken) => MoveNextAsync(onlyOne: false, cancellationToken);

    /// <summary>
    /// Reads the only message of a unary request, which is <see cref="Current"/> too. Waits for the peer's half-close: a call that is answered before it
    /// would end with a needless reset of the stream.
    /// </summary>
    /// <exception cref="RpcException">There is none, or more than one (INTERNAL), or as for <see cref="MoveNextAsync(CancellationToken)"/>.</exception>
    /// <exception cref="OperationCanceledException">The token fired, or the peer has gone.</exception>
    public async ValueTask<ReadOnlySequence<byte>> ReadSingleAsync(CancellationToken cancellationToken) =>
        await MoveNextAsync(onlyOne: true, cancellationToken) ? Current : throw new RpcException(StatusCode.Internal, "the stream has no message");

    /// <summary>Gives the current message's memory back to the pipe.</summary>
    public void Release()
    {
        if (consumed is not { } position)
            return;
        consumed = null;
        Current = default;
        input.AdvanceTo(position);
    }

    private async ValueTask<bool> MoveNextAsync(bool onlyOne, CancellationToken cancellationToken)
    {
        Release();
        while (true)
        {
            ReadResult result;
            try
            {
                result = await input.ReadAsync(cancellationToken);
            }
            catch (IOException exception)
            {
                throw new PeerGoneException("the peer broke the stream off", exception);
            }

            if (TryFind(result.Buffer, out ReadOnlySequence<byte> message, out bool compressed))
            {
                if (onlyOne && result.Buffer.Length > PrefixLength + message.Length)
                    throw Fail(result.Buffer, StatusCode.Internal, "the stream has more than the one message that it may have");
                if (!onlyOne || result.IsCompleted)
                {
                    consumed = message.End;
                    MessageBytes += message.Length;
                    Current = compressed ? Decompress(message) : message;
                    return true;
                }
            }

            // Everything was looked at and nothing taken: the pipe waits for more, and the transport opens its window.
            input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            if (!result.IsCompleted)
                continue;
            if (result.Buffer.IsEmpty)
                return false;
            throw new RpcException(StatusCode.Internal, "the stream ended in the middle of a message");
        }
    }

    private bool TryFind(in ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> message, out bool compressed)
    {
        message = default;
        compressed = false;
        if (buffer.Length < PrefixLength)
            return false;
        Span<byte> prefix = stackalloc byte[PrefixLength];
        buffer.Slice(0, PrefixLength).CopyTo(prefix);
        uint length = BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]);
        compressed = prefix[0] == 1;
        if (length > maxMessageBytes)
            throw Fail(buffer, StatusCode.ResourceExhausted, $"a message of {length} bytes is longer than the {maxMessageBytes} allowed");
        if (prefix[0] > 1)
            throw Fail(buffer, StatusCode.Internal, $"unknown message flags {prefix[0]}");
        if (compressed && !gzip)
            throw Fail(buffer, StatusCode.Internal, "a message has the compressed flag, but the call announced no grpc-encoding");
        if (buffer.Length < PrefixLength + length)
            return false;
        message = buffer.Slice(PrefixLength, length);
        return true;
    }

    private RpcException Fail(in ReadOnlySequence<byte> buffer, StatusCode code, string message)
    {
        input.AdvanceTo(buffer.Start, buffer.End);
        return new RpcException(code, message);
    }

    private ReadOnlySequence<byte> Decompress(in ReadOnlySequence<byte> message)
    {
        // .NET's gzip makes nothing of nothing.
        if (message.IsEmpty)
            return message;

        // Rare: Bazel and the other Java clients can be told to compress, the rest never do. So it may copy.
        try
        {
            byte[] compressed = message.ToArray();
            using var source = new MemoryStream(compressed);
            using var inflated = new GZipStream(source, CompressionMode.Decompress);
            var output = new ArrayBufferWriter<byte>();
            for (int read = 1; read > 0; output.Advance(read))
            {
                if (output.WrittenCount > maxMessageBytes)
                    throw new RpcException(StatusCode.ResourceExhausted, $"a message inflates to more than the {maxMessageBytes} bytes allowed");
                read = inflated.Read(output.GetSpan(64 * 1024));
            }

            // The stream takes a cut-off input for its end. The length of the whole, in the last four bytes, tells.
            if (compressed.Length < sizeof(uint)
                || BinaryPrimitives.ReadUInt32LittleEndian(compressed.AsSpan()[^sizeof(uint)..]) != (uint)output.WrittenCount)
                throw new InvalidDataException("cut off");
            return new ReadOnlySequence<byte>(output.WrittenMemory);
        }
        catch (InvalidDataException exception)
        {
            throw new RpcException(new RpcStatus(StatusCode.Internal, "a message with the compressed flag is no whole gzip stream"), exception);
        }
    }
}
