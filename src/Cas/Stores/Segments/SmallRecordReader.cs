using System.Buffers;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>Hands out a small value that was read and verified, header and all, by one system call when it was opened.</summary>
/// <param name="log">The log that it is from.</param>
/// <param name="tag">The tag of its key.</param>
/// <param name="place">Where the record is.</param>
/// <param name="rented">The record, in an array of the shared pool that this reader returns.</param>
/// <param name="start">Where the value starts in it.</param>
/// <param name="length">The length of the value.</param>
/// <param name="offset">Where in the value to start.</param>
internal sealed class SmallRecordReader(SegmentLog log, UInt128 tag, RecordPlace place, byte[] rented, int start, int length, int offset) : BlobReader
{
    private byte[]? record = rented;
    private int position = offset;

    /// <inheritdoc/>
    public override long Length => length;

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(record is null, this);
        int count = Math.Min(destination.Length, length - position);
        record.AsSpan(start + position, count).CopyTo(destination.Span);
        position += count;
        return ValueTask.FromResult(count);
    }

    /// <inheritdoc/>
    public override void Discard() => log.Drop(tag, place);

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref record, null) is { } array)
            ArrayPool<byte>.Shared.Return(array);
        return ValueTask.CompletedTask;
    }
}
