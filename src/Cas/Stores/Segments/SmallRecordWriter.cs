using System.Buffers;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// Gathers a small value in memory and writes the whole record at commit, in one system call. It takes no space before, so one
/// that is never committed leaves nothing behind.
/// </summary>
internal sealed class SmallRecordWriter(SegmentStore store, Digest digest, int length, int headerLength) : BlobWriter
{
    private byte[]? record = ArrayPool<byte>.Shared.Rent((int)RecordHeader.RecordLengthFor(headerLength, length));
    private int position;
    private bool committed;

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken)
    {
        RequireOpen();
        if (data.Length > length - position)
            throw new InvalidOperationException($"more than the announced {length} bytes for {digest}");
        data.CopyTo(record.AsSpan(headerLength + position, length - position));
        position += (int)data.Length;
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override async ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        RequireOpen();
        if (position != length)
            throw new InvalidOperationException($"{position} of the announced {length} bytes of {digest} were written");

        uint checksum = Crc32C.Compute(record.AsSpan(headerLength, length));
        int recordLength = (int)RecordHeader.RecordLengthFor(headerLength, length);
        record.AsSpan((headerLength + length)..recordLength).Clear();
        Reservation reservation = await store.ReserveAsync(recordLength, cancellationToken);
        try
        {
            await store.CommitAsync(digest, new StoredValue(length, checksum), reservation, record!, recordLength, cancellationToken);
            committed = true;
        }
        finally
        {
            if (!committed)
                store.Log.Abandon(reservation, isBlank: false);
            reservation.Segment.Release();
        }
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref record, null) is { } array)
            ArrayPool<byte>.Shared.Return(array);
        return ValueTask.CompletedTask;
    }

    private void RequireOpen()
    {
        ObjectDisposedException.ThrowIf(record is null, this);
        if (committed)
            throw new InvalidOperationException($"{digest} is committed already");
    }
}
