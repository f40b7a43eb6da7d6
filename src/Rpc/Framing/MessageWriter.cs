using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Google.Protobuf;

namespace RemoteExec.Rpc.Framing;

/// <summary>
/// Writes gRPC messages into a pipe. A message whose length is known is written by hand: <see cref="StartAsync"/>, then exactly that many bytes
/// through <see cref="GetMemory"/> and <see cref="Advance"/>, so that a payload can be read from disk straight into the transport's memory.
/// Not thread-safe. Start a message only when it can be finished: a cut-off message breaks the call.
/// </summary>
/// <param name="output">The body of a request or response.</param>
/// <param name="begin">Sends the headers; awaited once, before the first byte.</param>
public sealed class MessageWriter(PipeWriter output, Func<ValueTask> begin) : IBufferWriter<byte>
{
    private const int PrefixLength = 5;
    private bool begun;
    private long left;
    private Memory<byte> reserved;

    /// <summary>True once a message was started: from then on an error can only be told in the trailers.</summary>
    public bool HasStarted => begun;

    /// <summary>True if a message was started and not finished; the stream can then only be reset.</summary>
    public bool IsInsideMessage => left != 0;

    /// <summary>Begins a message of exactly <paramref name="length"/> bytes.</summary>
    public ValueTask StartAsync(int length)
    {
        if (left != 0)
            throw new InvalidOperationException($"{left} bytes of the previous message are missing");
        if (begun)
        {
            WritePrefix(length);
            return ValueTask.CompletedTask;
        }

        return BeginThenStartAsync(length);
    }

    /// <summary>
    /// Memory for a message of exactly <paramref name="length"/> bytes, which nobody is told of before <see cref="Commit"/>: whoever fails to fill
    /// it can still end the call with a clean status. Reserving anew, or starting a message, forgets what was reserved.
    /// </summary>
    public async ValueTask<Memory<byte>> ReserveAsync(int length)
    {
        if (left != 0)
            throw new InvalidOperationException($"{left} bytes of the previous message are missing");
        await BeginAsync();
        reserved = output.GetMemory(PrefixLength + length)[..(PrefixLength + length)];
        return reserved[PrefixLength..];
    }

    /// <summary>Makes the memory that <see cref="ReserveAsync"/> gave, now filled, the next message.</summary>
    public void Commit()
    {
        if (reserved.IsEmpty)
            throw new InvalidOperationException("no message was reserved");
        EncodePrefix(reserved.Span, reserved.Length - PrefixLength);
        output.Advance(reserved.Length);
        reserved = default;
    }

    /// <summary>Writes a whole message; the bytes stay in the pipe until the next flush.</summary>
    public async ValueTask WriteAsync(IMessage message)
    {
        await StartAsync(message.CalculateSize());
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
        left -= count;
        output.Advance(count);
    }

    /// <summary>Sends what was written, waiting while the peer's window is closed.</summary>
    /// <exception cref="OperationCanceledException">The call was cancelled, or the peer has gone.</exception>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        FlushResult result = await output.FlushAsync(cancellationToken);

        // A flush may end well although the call was aborted meanwhile: only the token tells.
        cancellationToken.ThrowIfCancellationRequested();
        if (result.IsCompleted || result.IsCanceled)
            throw new OperationCanceledException("the peer reads no more");
    }

    private async ValueTask BeginThenStartAsync(int length)
    {
        await BeginAsync();
        WritePrefix(length);
    }

    /// <summary>Sends the headers if that has not happened yet.</summary>
    public ValueTask BeginAsync()
    {
        if (begun)
            return ValueTask.CompletedTask;
        begun = true;
        return begin();
    }

    private void WritePrefix(int length)
    {
        reserved = default;
        EncodePrefix(output.GetSpan(PrefixLength), length);
        output.Advance(PrefixLength);
        left = length;
    }

    private static void EncodePrefix(Span<byte> prefix, int length)
    {
        prefix[0] = 0; // not compressed
        BinaryPrimitives.WriteUInt32BigEndian(prefix[1..], (uint)length);
    }
}
