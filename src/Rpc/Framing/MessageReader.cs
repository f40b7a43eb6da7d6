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
    /// The message that <see cref="MoveNextAsync"/> found: borrowed, valid until the next call of it.
    /// </summary>
    public ReadOnlySequence<byte> Current { get; private set; }

    /// <summary>Moves to the next message; false at the end of the stream.</summary>
    /// <exception cref="RpcException">A message is cut off (INTERNAL), too long (RESOURCE_EXHAUSTED) or compressed without notice (INTERNAL).</exception>
    public async ValueTask<bool> MoveNextAsync(CancellationToken cancellationToken)
    {
        Release();
        while (true)
        {
            ReadResult result = await input.ReadAsync(cancellationToken);
            if (result.IsCanceled)
                throw new OperationCanceledException(cancellationToken);
            if (TryParse(result.Buffer))
                return true;

            // Everything was looked at and nothing taken: the pipe waits for more, and the transport opens its window.
            input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            if (!result.IsCompleted)
                continue;
            if (result.Buffer.IsEmpty)
                return false;
            throw new RpcException(StatusCode.Internal, "the stream ended in the middle of a message");
        }
    }

    /// <summary>Reads the only message of a unary request.</summary>
    /// <exception cref="RpcException">There is none, or more than one (INTERNAL).</exception>
    public async ValueTask<ReadOnlySequence<byte>> ReadSingleAsync(CancellationToken cancellationToken) =>
        await MoveNextAsync(cancellationToken) ? Current : throw new RpcException(StatusCode.Internal, "the request has no message");

    /// <summary>Gives the current message's memory back to the pipe.</summary>
    public void Release()
    {
        if (consumed is not { } position)
            return;
        consumed = null;
        Current = default;
        input.AdvanceTo(position);
    }

    private bool TryParse(in ReadOnlySequence<byte> buffer)
    {
        if (buffer.Length < PrefixLength)
            return false;
        Span<byte> prefix = stackalloc byte[PrefixLength];
        buffer.Slice(0, PrefixLength).CopyTo(prefix);
        uint length = BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]);
        if (length > maxMessageBytes)
            throw Fail(buffer, StatusCode.ResourceExhausted, $"a message of {length} bytes is longer than the {maxMessageBytes} allowed");
        if (prefix[0] > 1)
            throw Fail(buffer, StatusCode.Internal, $"unknown message flags {prefix[0]}");
        if (prefix[0] == 1 && !gzip)
            throw Fail(buffer, StatusCode.Internal, "a message has the compressed flag, but the call announced no grpc-encoding");
        if (buffer.Length < PrefixLength + length)
            return false;

        ReadOnlySequence<byte> message = buffer.Slice(PrefixLength, length);
        consumed = message.End;
        Current = prefix[0] == 0 ? message : Decompress(message);
        return true;
    }

    private RpcException Fail(in ReadOnlySequence<byte> buffer, StatusCode code, string message)
    {
        input.AdvanceTo(buffer.Start, buffer.End);
        return new RpcException(code, message);
    }

    private ReadOnlySequence<byte> Decompress(in ReadOnlySequence<byte> message)
    {
        // Rare: Bazel and the other Java clients can be told to compress, the rest never do. So it may copy.
        try
        {
            using var source = new MemoryStream(message.ToArray());
            using var inflated = new GZipStream(source, CompressionMode.Decompress);
            var output = new ArrayBufferWriter<byte>();
            for (int read = 1; read > 0; output.Advance(read))
            {
                if (output.WrittenCount > maxMessageBytes)
                    throw new RpcException(StatusCode.ResourceExhausted, $"a message inflates to more than the {maxMessageBytes} bytes allowed");
                read = inflated.Read(output.GetSpan(64 * 1024));
            }

            return new ReadOnlySequence<byte>(output.WrittenMemory);
        }
        catch (InvalidDataException exception)
        {
            throw new RpcException(new RpcStatus(StatusCode.Internal, "a message with the compressed flag is no gzip stream"), exception);
        }
    }
}
