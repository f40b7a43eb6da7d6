using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Google.Protobuf;
using RemoteExec.Rpc.Server.Limits;

namespace RemoteExec.Rpc.Framing;

/// <summary>
/// Writes gRPC messages into a pipe. A message whose length is known is written by hand: <see cref="Start"/>, then exactly that many bytes
/// through <see cref="GetMemory"/> and <see cref="Advance"/>, so that a payload can be read from disk straight into the transport's memory.
/// A message that is small enough to be held in memory is better filled before it is begun: <see cref="Reserve"/>, then <see cref="Commit"/>.
/// One caller at a time; only <see cref="TryClose"/> may come from elsewhere. Start a message only when it can be finished: a cut-off message breaks
/// the call.
/// </summary>
public sealed class MessageWriter : IBufferWriter<byte>
{
    private const int PrefixLength = 5;
    private const int Idle = 0;
    private const int Busy = 1;
    private const int Closed = 2;

    private readonly PipeWriter output;
    private readonly Action? onFirst;
    private int state;
    private long left;
    private Memory<byte> reserved;
    private long paced;

    /// <summary>Makes a writer.</summary>
    /// <param name="output">The body of a request or response.</param>
    /// <param name="onFirst">Called once, before the first message: the last moment for headers.</param>
    public MessageWriter(PipeWriter output, Action? onFirst = null)
    {
        this.output = output;
        this.onFirst = onFirst;
    }

    /// <summary>Awaited before each flush, with the bytes since the last: for who slows calls down.</summary>
    public Func<long, CancellationToken, ValueTask>? OnFlush { get; set; }

    /// <summary>Is told when the call waits for its client; null for nobody.</summary>
    internal CallProgress? Progress { get; set; }

    /// <summary>True once a message was started: from then on an error can only be told in the trailers.</summary>
    public bool HasStarted { get; private set; }

    /// <summary>How many bytes the messages have that were begun so far, without what precedes each.</summary>
    public long MessageBytes { get; private set; }

    /// <summary>True if a message was started and not finished; the stream can then only be reset.</summary>
    public bool IsInsideMessage => left != 0;

    /// <summary>Begins a message of exactly <paramref name="length"/> bytes.</summary>
    /// <exception cref="OperationCanceledException">The call has ended.</exception>
    public void Start(int length)
    {
        Enter();
        Span<byte> prefix = output.GetSpan(PrefixLength);
        EncodePrefix(prefix, length);
        Begin();
        output.Advance(PrefixLength);
        left = length;
        MessageBytes += length;
        if (length == 0)
            Leave();
    }

    /// <summary>
    /// Memory for a message of exactly <paramref name="length"/> bytes, which nobody is told of before <see cref="Commit"/>: whoever fails to fill
    /// it can still end the call with a clean status. Reserving anew, starting a message or flushing forgets what was reserved.
    /// </summary>
    /// <exception cref="OperationCanceledException">The call has ended.</exception>
    public Memory<byte> Reserve(int length)
    {
        Enter();
        reserved = output.GetMemory(PrefixLength + length)[..(PrefixLength + length)];
        return reserved[PrefixLength..];
    }

    /// <summary>Makes the memory that <see cref="Reserve"/> gave, now filled, the next message.</summary>
    public void Commit()
    {
        if (reserved.IsEmpty)
            throw new InvalidOperationException("no message was reserved");
        EncodePrefix(reserved.Span, reserved.Length - PrefixLength);
        int length = reserved.Length;
        Begin();
        output.Advance(length);
        MessageBytes += length - PrefixLength;
        Leave();
    }

    /// <summary>Writes a whole message; the bytes stay in the pipe until the next flush.</summary>
    /// <exception cref="OperationCanceledException">The call has ended.</exception>
    public void Write(IMessage message)
    {
        Start(message.CalculateSize());
        message.WriteTo(this);
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0) => output.GetMemory(sizeHint);

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => output.GetSpan(sizeHint);

    /// <inheritdoc/>
    public void Advance(int count)
    {
        if (count > left)
            throw new InvalidOperationException($"{count - left} bytes more than announced");
        output.Advance(count);
        left -= count;
        if (left == 0 && count > 0)
            Leave();
    }

    /// <summary>Sends what was written, waiting while the peer's window is closed.</summary>
    /// <exception cref="OperationCanceledException">The token fired, the call has ended, or the peer has gone.</exception>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        await PaceAsync(cancellationToken);
        bool betweenMessages = left == 0;
        if (betweenMessages)
            Enter();
        FlushResult result;
        try
        {
            ValueTask<FlushResult> flushing = output.FlushAsync(cancellationToken);
            if (!flushing.IsCompleted)
                Progress?.BeginWriting();
            result = await flushing;
            Progress?.EndWriting();
        }
        finally
        {
            if (betweenMessages)
                Leave();
        }

        // A flush may end well although the call was aborted meanwhile: only the token tells.
        cancellationToken.ThrowIfCancellationRequested();
        if (result.IsCompleted || result.IsCanceled)
            throw new PeerGoneException("the peer reads no more");
    }

    /// <summary>Has <see cref="OnFlush"/> count what was written since the last flush.</summary>
    public ValueTask PaceAsync(CancellationToken cancellationToken)
    {
        if (OnFlush is null)
            return ValueTask.CompletedTask;
        long since = MessageBytes - paced;
        paced = MessageBytes;
        return OnFlush(since, cancellationToken);
    }

    /// <summary>
    /// Shuts the writer for its user, so that somebody else can end the stream; false if a message or a flush is under way. Thread-safe.
    /// </summary>
    internal bool TryClose() => Interlocked.CompareExchange(ref state, Closed, Idle) != Busy;

    private void Enter()
    {
        if (left != 0)
            throw new InvalidOperationException($"{left} bytes of the previous message are missing");
        if (Interlocked.CompareExchange(ref state, Busy, Idle) == Closed)
            throw new OperationCanceledException("the call has ended");
    }

    private void Leave()
    {
        reserved = default;
        Volatile.Write(ref state, Idle);
    }

    private void Begin()
    {
        reserved = default;
        if (HasStarted)
            return;
        HasStarted = true;
        onFirst?.Invoke();
    }

    private static void EncodePrefix(Span<byte> prefix, int length)
    {
        prefix[0] = 0; // not compressed
        BinaryPrimitives.WriteUInt32BigEndian(prefix[1..], (uint)length);
    }
}
