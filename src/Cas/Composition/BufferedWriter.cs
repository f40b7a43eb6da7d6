using System.Buffers;

namespace RemoteExec.Cas.Composition;

/// <summary>Gathers a value in memory and hands it on whole at its commit: for who writes it to more than one place in turn, or has to see all of it.</summary>
/// <param name="length">The announced length in bytes.</param>
/// <param name="commit">Gets the value, which it borrows until its task completes; what it throws is the commit's failure.</param>
public sealed class BufferedWriter(int length, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> commit) : BlobWriter
{
    /// <summary>How long a value may be that is worth it: what comes in one message.</summary>
    public const int MaxBytes = 1024 * 1024;

    private byte[]? buffer = ArrayPool<byte>.Shared.Rent(length);
    private int written;

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(buffer is null, this);
        if (data.Length > length - written)
            throw new InvalidOperationException($"more than the announced {length} bytes");
        data.CopyTo(buffer.AsSpan(written));
        written += (int)data.Length;
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(buffer is null, this);
        return written == length
            ? commit(buffer.AsMemory(0, length), cancellationToken)
            : throw new InvalidOperationException($"{written} of the announced {length} bytes were written");
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        if (buffer is { } rented)
            ArrayPool<byte>.Shared.Return(rented);
        buffer = null;
        return ValueTask.CompletedTask;
    }
}
