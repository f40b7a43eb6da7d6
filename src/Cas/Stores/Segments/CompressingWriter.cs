using System.Buffers;
using RemoteExec.Cas.Compression;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// Compresses a value block by block (<see cref="CompressedValue"/>), or stores it as it is if the first block hardly shrinks. It reserves the most that the value may take, once it has
/// the first block, and gives back the rest at commit.
/// </summary>
internal sealed class CompressingWriter(SegmentStore store, Digest digest, long length, int headerLength, int percent) : BlobWriter
{
    private byte[]? block;
    private int gathered;
    private long received;
    private BlobWriter? plain; // once the first block has told that nothing is won
    private Reservation? reservation;
    private Crc32C checksum = new();
    private long stored;
    private bool isCommitting;
    private bool isEnded;
    private bool isDisposed;

    private bool HasAll => received == length;

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken)
    {
        RequireOpen();
        if (data.Length > length - received)
            throw new InvalidOperationException($"more than the announced {length} bytes for {digest}");
        while (!data.IsEmpty)
        {
            if (plain is not null)
            {
                received += data.Length;
                await plain.WriteAsync(data, cancellationToken);
                return;
            }

            block ??= ArrayPool<byte>.Shared.Rent(CompressedValue.BlockBytes);
            int count = (int)Math.Min(data.Length, CompressedValue.BlockBytes - gathered);
            data.Slice(0, count).CopyTo(block.AsSpan(gathered));
            data = data.Slice(count);
            gathered += count;
            received += count;
            if (gathered == CompressedValue.BlockBytes || HasAll)
                await EndBlockAsync(block, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        RequireOpen();
        if (!HasAll)
            throw new InvalidOperationException($"{received} of the announced {length} bytes of {digest} were written");
        if (plain is not null)
        {
            await plain.CommitAsync(cancellationToken);
            isEnded = true;
            return;
        }

        Reservation place = store.Log.Shrink(reservation!.Value, RecordHeader.RecordLengthFor(headerLength, stored));
        reservation = place;
        place.WritePadding(headerLength + stored);
        isCommitting = true;
        byte[] header = ArrayPool<byte>.Shared.Rent(headerLength);
        try
        {
            await store.CommitAsync(digest, new StoredValue(stored, checksum.Value, IsCompressed: true), place, header, headerLength, cancellationToken);
            isEnded = true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(header);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        if (isDisposed)
            return;
        isDisposed = true;
        ReturnBlock();
        if (plain is not null)
            await plain.DisposeAsync();
        if (reservation is { } place)
        {
            if (!isEnded)
                store.Log.Abandon(place, isBlank: !isCommitting);
            place.Segment.Release();
        }
    }

    private async ValueTask EndBlockAsync(byte[] content, CancellationToken cancellationToken)
    {
        byte[] frame = ArrayPool<byte>.Shared.Rent(CompressedValue.PrefixBytes + CompressedValue.MaxFrameBytes);
        try
        {
            bool isFirst = reservation is null;
            int start = isFirst ? CompressedValue.PrefixBytes : 0, compressed = Compress(content.AsSpan(0, gathered), frame.AsSpan(start));
            if (isFirst && compressed > gathered * percent / 100)
            {
                // One system call for what is read at the speed of the disk is better than that.
                plain = new SegmentWriter(store, digest, length, headerLength, await store.ReserveAsync(RecordHeader.RecordLengthFor(headerLength, length), cancellationToken));
                await plain.WriteAsync(new ReadOnlySequence<byte>(content, 0, gathered), cancellationToken);
                ReturnBlock();
                return;
            }

            if (isFirst)
            {
                CompressedValue.WritePrefix(frame, length);
                long most = HasAll ? RecordHeader.RecordLengthFor(headerLength, start + compressed) : CompressedValue.MaxRecordLength(headerLength, length);
                reservation = await store.ReserveAsync(most, cancellationToken);
            }

            Append(frame.AsSpan(0, start + compressed));
            gathered = 0;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(frame);
        }
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        Reservation place = reservation!.Value;
        if (place.Segment.IsDropped) // read without the lock: only to end early, the commit decides
            throw store.Evicted(digest);
        try
        {
            place.Segment.Write(bytes, place.Offset + headerLength + stored);
        }
        catch (StoreFullException)
        {
            store.OnDiskFull();
            throw;
        }

        checksum.Append(bytes);
        stored += bytes.Length;
    }

    private static int Compress(ReadOnlySpan<byte> content, Span<byte> frame)
    {
        using ZstdContext context = ZstdContext.Compressor();
        if (!context.Run(content, frame, isLast: true, out _, out int written))
            throw new InvalidOperationException($"a frame of {content.Length} bytes takes more than {frame.Length}");
        return written;
    }

    private void ReturnBlock()
    {
        if (block is not null)
            ArrayPool<byte>.Shared.Return(block);
        block = null;
    }

    private void RequireOpen()
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        if (isEnded)
            throw new InvalidOperationException($"{digest} is committed already");
    }
}
