using System.Buffers;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// Streams a value into space that was reserved for it. The header is written at commit, after the value: so a record whose header is
/// there is whole, unless power failed before the disk had it all, and the checksum tells that.
/// </summary>
internal sealed class SegmentWriter(SegmentStore store, Digest digest, long length, int headerLength, Reservation reservation) : BlobWriter
{
    private Crc32C checksum = new();
    private long position;
    private State state;
    private bool committing;

    private enum State { Open, Ended, Disposed }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken)
    {
        RequireOpen();
        if (reservation.Segment.IsDropped) // read without the lock: only to end early, the commit decides
            throw store.Evicted(digest);
        if (data.Length > length - position)
            throw new InvalidOperationException($"more than the announced {length} bytes for {digest}");

        try
        {
            foreach (ReadOnlyMemory<byte> piece in data)
            {
                cancellationToken.ThrowIfCancellationRequested();
                reservation.Segment.Write(piece.Span, reservation.Offset + headerLength + position);
                checksum.Append(piece.Span);
                position += piece.Length;
            }
        }
        catch (StoreFullException)
        {
            // First its own space: else what others have might be evicted for what is not going to be written.
            store.Log.Abandon(reservation, isBlank: true);
            state = State.Ended;
            store.OnDiskFull();
            throw;
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override async ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        RequireOpen();
        if (position != length)
            throw new InvalidOperationException($"{position} of the announced {length} bytes of {digest} were written");

        reservation.WritePadding(headerLength + length);
        committing = true;
        byte[] header = ArrayPool<byte>.Shared.Rent(headerLength);
        try
        {
            await store.CommitAsync(digest, new StoredValue(length, checksum.Value), reservation, header, headerLength, cancellationToken);
            state = State.Ended;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(header);
        }
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        if (state == State.Disposed)
            return ValueTask.CompletedTask;
        if (state == State.Open)
            store.Log.Abandon(reservation, isBlank: !committing);
        reservation.Segment.Release();
        state = State.Disposed;
        return ValueTask.CompletedTask;
    }

    private void RequireOpen()
    {
        ObjectDisposedException.ThrowIf(state == State.Disposed, this);
        if (state == State.Ended)
            throw new InvalidOperationException($"{digest} is committed already");
    }
}
