using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Pipelines;
using RemoteExec.Rpc.Server.Limits;

namespace RemoteExec.Rpc.Framing;

/// <summary>
/// Reads gRPC messages (one byte of flags, four of length, then the message) out of a pipe, without copying them. Not thread-safe.
/// </summary>
/// <param name="input">The body of a request or response.</param>
/// <param name="maxMessageBytes">Longer messages end the call with RESOURCE_EXHAUSTED; also the bound on a decompressed message.</param>
/// <param name="gzip">True if the peer announced <c>grpc-encoding: gzip</c>, so that messages may have the compressed flag.</param>
public sealed class MessageReader(PipeReader input, int maxMessageBytes, bool gzip = false)
{
    /// <summary>Messages up to here need no memory of their own to speak of.</summary>
    public const int SmallMessageBytes = 64 * 1024;

    private const int PrefixLength = 5;
    private SequencePosition? consumed;
    private bool isGivenUp;
    private bool isScarce;

    /// <summary>
    /// The message that <see cref="MoveNextAsync(CancellationToken)"/> found: borrowed, valid until the next call of it or of <see cref="Release"/>.
    /// </summary>
    public ReadOnlySequence<byte> Current { get; private set; }

    /// <summary>Whether the peer may take its time between messages, as it may not within one: for streams that tell of what happens.</summary>
    public bool MayRest { get; set; }

    /// <summary>Awaited for each message, with its length: for who slows calls down.</summary>
    public Func<long, CancellationToken, ValueTask>? OnMessage { get; set; }

    /// <summary>Is told when the call waits for its client, and asked for memory; null for nobody.</summary>
    internal CallProgress? Progress { get; set; }

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

    /// <summary>
    /// Lets somebody look at the beginning of the first message before it is read, at up to so many bytes of it; the default if there is none, or none that can be looked at.
    /// </summary>
    /// <exception cref="OperationCanceledException">The token fired, or the peer has gone.</exception>
    public async ValueTask<T?> PeekAsync<T>(int longest, Func<ReadOnlySequence<byte>, T> look, CancellationToken cancellationToken)
    {
        while (true)
        {
            ReadResult result = await ReadAsync(isOwed: true, cancellationToken);
            ReadOnlySequence<byte> buffer = result.Buffer;
            bool isGone = result.IsCompleted || result.IsCanceled;
            long there = buffer.Length - PrefixLength;
            if (!isGone && (there < 0 || there < Math.Min(longest, LengthOf(buffer))))
            {
                if (!TryAdvance(buffer.Start, buffer.End))
                    throw new PeerGoneException("the peer broke the stream off");
                continue;
            }

            try
            {
                return there < 0 || IsCompressed(buffer) ? default : look(buffer.Slice(PrefixLength, Math.Min(longest, Math.Min(there, LengthOf(buffer)))));
            }
            finally
            {
                TryAdvance(buffer.Start, buffer.Start); // it is there for the next read
            }
        }
    }

    private static bool IsCompressed(in ReadOnlySequence<byte> buffer) => buffer.FirstSpan[0] != 0;

    private static long LengthOf(in ReadOnlySequence<byte> buffer)
    {
        Span<byte> prefix = stackalloc byte[PrefixLength];
        buffer.Slice(0, PrefixLength).CopyTo(prefix);
        return BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]);
    }

    /// <summary>Has a wait for the peer end: with DEADLINE_EXCEEDED, or by a <see cref="MemoryShortException"/> if others want the memory. May come from elsewhere.</summary>
    internal void GiveUp(bool isScarce)
    {
        this.isScarce = isScarce;
        Volatile.Write(ref isGivenUp, true);
        input.CancelPendingRead();
    }

    /// <summary>Gives the current message's memory back to the pipe.</summary>
    public void Release()
    {
        if (consumed is not { } position)
            return;
        consumed = null;
        Current = default;
        TryAdvance(position, position);
    }

    private async ValueTask<bool> MoveNextAsync(bool onlyOne, CancellationToken cancellationToken)
    {
        Release();
        bool isInside = false;
        while (true)
        {
            ReadResult result = await ReadAsync(isOwed: onlyOne || isInside || !MayRest, cancellationToken);
            if (result.IsCanceled && Volatile.Read(ref isGivenUp))
                throw GivenUp(result.Buffer);
            if (TryFind(result.Buffer, out ReadOnlySequence<byte> message, out bool compressed, out int wanted))
            {
                if (onlyOne && result.Buffer.Length > PrefixLength + message.Length)
                    throw Fail(result.Buffer, StatusCode.Internal, "the stream has more than the one message that it may have");
                if (!onlyOne || result.IsCompleted)
                {
                    consumed = message.End;
                    await ReserveAsync(compressed ? maxMessageBytes : wanted, cancellationToken);
                    MessageBytes += message.Length;
                    if (OnMessage is not null)
                        await OnMessage(message.Length, cancellationToken);
                    Current = compressed ? Decompress(message) : message;
                    return true;
                }
            }

            // Everything was looked at and nothing taken: the pipe waits for more, and the transport opens its window.
            isInside = !result.Buffer.IsEmpty;
            if (!TryAdvance(result.Buffer.Start, result.Buffer.End))
                throw new PeerGoneException("the peer broke the stream off");
            if (!result.IsCompleted)
                await ReserveAsync(wanted, cancellationToken);
            else
                return isInside ? throw new RpcException(StatusCode.Internal, "the stream ended in the middle of a message") : false;
        }
    }

    private async ValueTask<ReadResult> ReadAsync(bool isOwed, CancellationToken cancellationToken)
    {
        try
        {
            ValueTask<ReadResult> reading = input.ReadAsync(cancellationToken);
            if (reading.IsCompleted || !isOwed || Progress is not { } progress)
                return await reading;
            progress.BeginReading();
            try
            {
                return await reading;
            }
            finally
            {
                progress.EndReading();
            }
        }
        catch (IOException exception)
        {
            throw new PeerGoneException("the peer broke the stream off", exception);
        }
    }

    // What a message becomes beside the transport's blocks: a copy, or the objects that it is parsed into.
    private ValueTask ReserveAsync(int messageBytes, CancellationToken cancellationToken) =>
        messageBytes > SmallMessageBytes && Progress is { } progress ? progress.ReserveAsync(messageBytes, cancellationToken) : ValueTask.CompletedTask;

    // Kestrel's pipe tells here as well that the peer has broken off; who goes on reading is told again.
    private bool TryAdvance(SequencePosition taken, SequencePosition examined)
    {
        try
        {
            input.AdvanceTo(taken, examined);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private bool TryFind(in ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> message, out bool compressed, out int wanted)
    {
        message = default;
        compressed = false;
        wanted = 0;
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
        wanted = (int)length;
        if (buffer.Length < PrefixLength + length)
            return false;
        message = buffer.Slice(PrefixLength, length);
        return true;
    }

    private Exception GivenUp(in ReadOnlySequence<byte> buffer)
    {
        RpcException late = Fail(buffer, StatusCode.DeadlineExceeded, "the client owes the rest of its request, and nothing more of it has come for long");
        return isScarce ? new MemoryShortException("the server is short of memory, and others want what this call has while the client owes the rest of its request: come again", MemoryBudget.Patience) : late;
    }

    private RpcException Fail(in ReadOnlySequence<byte> buffer, StatusCode code, string message)
    {
        TryAdvance(buffer.Start, buffer.End);
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
