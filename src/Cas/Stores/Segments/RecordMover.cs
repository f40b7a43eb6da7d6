using System.Buffers;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>Copies records out of a segment that is being evicted.</summary>
internal sealed class RecordMover(SegmentStoreOptions options, SegmentLog log, StoreKey key, Action<UInt128, RecordPlace, SegmentFile> onDamaged)
{
    private const int BufferBytes = 1 << 18;
    private long movedBlobs;
    private long movedBytes;

    /// <summary>Blobs copied.</summary>
    public long MovedBlobs => Interlocked.Read(ref movedBlobs);

    /// <summary>The bytes of their records.</summary>
    public long MovedBytes => Interlocked.Read(ref movedBytes);

    /// <summary>
    /// Copies a record and lets the index point to the copy, which keeps the record's sequence number. False if it turned out to be
    /// damaged and was dropped, or the blob was replaced meanwhile.
    /// </summary>
    /// <exception cref="StoreFullException">The disk is full.</exception>
    /// <exception cref="StoreUnavailableException">The disk failed.</exception>
    public async ValueTask<bool> MoveAsync(SegmentFile from, UInt128 tag, IndexEntry entry, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            int first = (int)Math.Min(RecordHeader.MaxLength + entry.Length, BufferBytes);
            int filled = from.Read(buffer.AsSpan(0, first), entry.Place.Offset);
            if (!RecordHeader.TryRead(buffer.AsSpan(0, filled), key, entry.Place, out RecordHeader header) || header.ValueLength != entry.Length)
            {
                onDamaged(tag, entry.Place, from);
                return false;
            }

            Reservation reservation = await ReserveAsync(header.RecordLength, cancellationToken);
            bool copied = false, published = false;
            try
            {
                copied = Copy(from, entry.Place.Offset, header, reservation, buffer, cancellationToken);
                if (!copied)
                    onDamaged(tag, entry.Place, from);
                else
                    published = log.PublishMoved(reservation, tag, entry);
            }
            finally
            {
                if (!published)
                    log.Abandon(reservation, isBlank: !copied);
                reservation.Segment.Release();
            }

            if (published)
            {
                Interlocked.Increment(ref movedBlobs);
                Interlocked.Add(ref movedBytes, reservation.Length);
            }

            return published;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Copies value and padding, and then, if the value is undamaged, writes the header for the new place.</summary>
    private bool Copy(SegmentFile from, long source, in RecordHeader header, Reservation target, byte[] buffer, CancellationToken cancellationToken)
    {
        var checksum = new Crc32C();
        long end = header.Length + header.ValueLength;
        for (long position = header.Length; position < end;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = (int)Math.Min(end - position, BufferBytes);
            if (from.Read(buffer.AsSpan(0, count), source + position) != count)
                return false;
            checksum.Append(buffer.AsSpan(0, count));
            target.Segment.Write(buffer.AsSpan(0, count), target.Offset + position);
            position += count;
        }

        if (checksum.Value != header.Checksum)
            return false;
        target.WritePadding(end);
        header.Write(buffer, key, target.Place);
        target.Segment.Write(buffer.AsSpan(0, header.Length), target.Offset);
        return true;
    }

    private async ValueTask<Reservation> ReserveAsync(long bytes, CancellationToken cancellationToken)
    {
        if (log.TryReserve(bytes, out Reservation reservation))
            return reservation;
        return await log.ReserveInNewSegmentAsync(bytes, beyondBound: true, cancellationToken)
            ?? throw new StoreFullException(options.Name, bytes, "raise its maxBytes");
    }
}
