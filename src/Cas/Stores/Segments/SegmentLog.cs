using System.Diagnostics.CodeAnalysis;
using Microsoft.Win32.SafeHandles;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// The state of a store in memory: its segments, where the next record goes, and the index. One lock guards the segments, each shard of the index has
/// its own; who needs both takes the shard's first. Everything here but <see cref="ReserveInNewSegmentAsync"/> is short and without I/O.
/// </summary>
/// <remarks>
/// Time is counted in <em>eras</em>: one ends with each segment that is filled and with each eviction. An index entry notes the era of
/// its last use, which is as fine as eviction needs to know it, and costs nothing. It is <em>in use</em> if that is later than
/// the era in which the uses of its segment were last forgotten.
/// </remarks>
internal sealed partial class SegmentLog(StoreDirectory directory, SegmentStoreOptions options, StorageFaults faults, FileSpace space, TimeProvider time)
{
    private readonly Lock gate = new(); // guards everything below, and the guarded members of the segments
    private readonly SegmentSet segments = new(options.EffectiveSegmentBytes, options.MaxBytes, options.MinFreeBytes);
    private readonly SemaphoreSlim growing = new(1); // one new segment at a time
    private int nextNumber = 1;
    private uint era = 1; // read without the lock: an era earlier or later makes no difference
    private EraClock eras = new(time, 1);
    private int openReservations;
    private long reservedBytes; // read without the lock
    private long sequence; // needs no lock
    private volatile bool closed; // read under the lock of a shard as well

    /// <summary>The size of a segment.</summary>
    public long SegmentBytes { get; } = options.EffectiveSegmentBytes;

    /// <summary>The bytes handed out to writers since the store was opened.</summary>
    public long ReservedBytes => Interlocked.Read(ref reservedBytes);

    /// <summary>The number of the last commit.</summary>
    public long Sequence => Interlocked.Read(ref sequence);

    /// <summary>The era now.</summary>
    public uint Era => Volatile.Read(ref era);

    /// <summary>The number of the next commit.</summary>
    public long NextSequence() => Interlocked.Increment(ref sequence);

    /// <summary>The counts an operator wants.</summary>
    public (long Blobs, long DiskBytes, int Segments) Measure()
    {
        lock (gate)
            return (index.Count, segments.DiskBytes, segments.Count);
    }

    /// <summary>Reserves space in the active segment; false if it has not enough, or the record needs a segment of its own.</summary>
    public bool TryReserve(long bytes, out Reservation reservation)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(closed, typeof(SegmentStore));
            reservation = default;
            if (segments.Active is not { IsDoubtful: false } active || active.Tail + bytes > SegmentBytes)
                return false;
            reservation = Take(active, bytes);
            return true;
        }
    }

    /// <summary>True if a segment for a record of this length can be added within the bound.</summary>
    public bool HasRoomFor(long bytes)
    {
        lock (gate)
            return segments.HasRoomFor(bytes);
    }

    /// <summary>
    /// Adds a segment and reserves space in it (or in the one another caller has just added); null if the bound forbids it.
    /// </summary>
    /// <param name="bytes">The length of the record.</param>
    /// <param name="beyondBound">True for an eviction, which must copy before it can free.</param>
    /// <param name="cancellationToken">Ends the wait for another caller that adds one.</param>
    public async ValueTask<Reservation?> ReserveInNewSegmentAsync(long bytes, bool beyondBound, CancellationToken cancellationToken)
    {
        await growing.WaitAsync(cancellationToken);
        try
        {
            bool single = bytes > SegmentBytes;
            if (!single && TryReserve(bytes, out Reservation reservation))
                return reservation;
            if (!beyondBound && !HasRoomFor(bytes))
                return null;

            int number;
            bool canShrink;
            lock (gate)
            {
                number = nextNumber++;
                canShrink = segments.Count >= 2;
            }

            SegmentFile segment = SegmentFile.Create(
                faults, directory.SegmentPath(number, single), number, single, options.Durability != Durability.Fast,
                file => ReserveSpace(file, single ? bytes : SegmentBytes, canShrink));
            lock (gate)
            {
                segments.Add(segment);
                if (!single)
                {
                    segments.Activate(segment);
                    NextEra();
                }

                return Take(segment, bytes);
            }
        }
        finally
        {
            growing.Release();
        }
    }

    /// <summary>
    /// Gives back the end of a reservation that turned out longer than its record, and was not written to. If something was reserved behind it meanwhile, it is a hole until the segment is evicted.
    /// </summary>
    public Reservation Shrink(Reservation reservation, long length)
    {
        SegmentFile segment = reservation.Segment;
        lock (gate)
        {
            if (!segment.IsDropped && segment.Tail == reservation.Offset + reservation.Length)
                segment.Tail = reservation.Offset + length;
        }

        return reservation with { Length = length };
    }

    /// <summary>Gives back the space reserved for segments that nobody writes to any more. One caller at a time.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public void GiveBackSpace()
    {
        SegmentFile[] full;
        lock (gate)
        {
            full = [.. segments.InOrder().Where(segment => segment.HasReservedSpace && segment.Pending.Count == 0 && segment != segments.Active)];
            foreach (SegmentFile segment in full)
                segment.Acquire();
        }

        try
        {
            foreach (SegmentFile segment in full)
                segment.GiveBackSpace();
        }
        finally
        {
            foreach (SegmentFile segment in full)
                segment.Release();
        }
    }

    /// <summary>Gives up a reservation.</summary>
    /// <param name="reservation">The reservation.</param>
    /// <param name="isBlank">True if no header was written, so that the space can be used again if it is the last in its segment.</param>
    public void Abandon(Reservation reservation, bool isBlank)
    {
        SegmentFile segment = reservation.Segment;
        bool remove, last;
        lock (gate)
        {
            last = EndReservation(reservation);
            remove = segment.IsSingle && !segment.IsDropped && !closed;
            if (remove)
                segments.Remove(segment);
            else if (isBlank && segment == segments.Active && segment.Tail == reservation.Offset + reservation.Length)
                segment.Tail = reservation.Offset;
        }

        if (remove)
        {
            directory.Delete(segment);
            Left(segment);
        }

        if (last)
            directory.Dispose();
    }

    /// <summary>Starts an eviction pass and returns its era.</summary>
    public uint StartPass()
    {
        lock (gate)
            return NextEra();
    }

    /// <summary>Chooses the next segment to evict; null if there is none. It takes no more records, though it stays until it is removed or kept.</summary>
    public SegmentFile? ChooseVictim(uint passStart, bool isUrgent, IReadOnlySet<SegmentFile> spared)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(closed, typeof(SegmentStore));
            SegmentFile? victim = segments.ChooseVictim(passStart, NextEra() - 1, reservedBytes, isUrgent, spared);
            if (victim is not null)
                victim.IsDropped = true;
            return victim;
        }
    }

    /// <summary>Removes an evicted segment, of which the index knows no record any more, and returns how long it was.</summary>
    public long RemoveSegment(SegmentFile segment)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(closed, typeof(SegmentStore));
            segments.Remove(segment);
            return segment.Tail;
        }
    }

    /// <summary>The file of a segment that was removed is gone: what it took is free.</summary>
    public void Left(SegmentFile segment)
    {
        lock (gate)
            segments.Left(segment);
    }

    /// <summary>Keeps a segment after all that was chosen to be evicted; it becomes the last in the order.</summary>
    public void Keep(SegmentFile segment)
    {
        lock (gate)
        {
            segment.IsDropped = false;
            segments.MoveToEnd(segment);
        }
    }

    /// <inheritdoc cref="EraClock.At"/>
    public uint EraAt(long when)
    {
        lock (gate)
            return eras.At(when);
    }

    /// <summary>The bytes that the segments may take now.</summary>
    public long Bound
    {
        get
        {
            lock (gate)
                return segments.Bound;
        }
    }

    /// <inheritdoc cref="SegmentSet.CouldHold"/>
    public bool CouldHold(long recordBytes)
    {
        lock (gate)
            return segments.CouldHold(recordBytes);
    }

    /// <inheritdoc cref="SegmentSet.LowerBound"/>
    public bool LowerBound(long freeBytes)
    {
        lock (gate)
            return segments.LowerBound(freeBytes);
    }

    /// <inheritdoc cref="SegmentSet.MakeFree"/>
    public bool MakeFree(long freeBytes)
    {
        lock (gate)
            return segments.MakeFree(freeBytes);
    }

    /// <inheritdoc cref="SegmentSet.RaiseBound"/>
    public bool RaiseBound(long freeBytes)
    {
        lock (gate)
            return segments.RaiseBound(freeBytes);
    }

    /// <summary>What a checkpoint has to know before it copies the index; every segment listed is acquired for the caller.</summary>
    public CheckpointHead CaptureHead()
    {
        lock (gate)
        {
            var covered = new List<CoveredSegment>(segments.Count);
            foreach (SegmentFile segment in segments.InOrder())
            {
                segment.Acquire();
                long end = segment.IsDoubtful ? CoveredSegment.Doubtful : segment.Pending.Count == 0 ? segment.Tail : segment.Pending.Min();
                covered.Add(new CoveredSegment(segment.Number, end, segment.ForgottenEra, segment));
            }

            return new CheckpointHead(nextNumber, era, Interlocked.Read(ref sequence), covered);
        }
    }

    /// <summary>Brings everything written before this call to the medium.</summary>
    /// <exception cref="StoreUnavailableException">The disk failed.</exception>
    public void Flush()
    {
        try
        {
            CaptureHead().FlushAndRelease(CancellationToken.None);
        }
        catch (IOException fault)
        {
            throw new StoreUnavailableException(options.Name, fault);
        }
    }

    /// <summary>The segments, the next to be evicted first.</summary>
    public IReadOnlyList<SegmentFile> Segments()
    {
        lock (gate)
            return [.. segments.InOrder()];
    }

    /// <summary>
    /// Lets go of the segments: nothing can be committed or opened any more. The directory is released with the last writer that
    /// still has space in it, lest that one writes over what a later store puts there.
    /// </summary>
    public void Close()
    {
        bool last;
        lock (gate)
        {
            if (closed)
                return;
            closed = true;
            last = openReservations == 0;
            segments.Activate(null);
        }

        // Whoever is in a shard, and did not see that the store is closed, acquires his segment before we get there.
        for (int shard = 0; shard < SegmentIndex.Shards; shard++)
            Inspect(shard, static _ => { });
        try
        {
            GiveBackSpace();
        }
        catch (IOException)
        {
            // The next start gives it back, if the disk works by then.
        }

        foreach (SegmentFile segment in Segments())
            segment.Release();

        if (last)
            directory.Dispose();
    }

    private Reservation Take(SegmentFile segment, long bytes)
    {
        openReservations++;
        reservedBytes += bytes;
        segment.WrittenAt = reservedBytes;
        return SegmentSet.Take(segment, bytes);
    }

    /// <summary>Begins an era and returns it. The caller holds the lock.</summary>
    private uint NextEra()
    {
        eras.Begin(++era);
        return era;
    }

    // A store that is as small as it gets takes what there is, piece by piece.
    private void ReserveSpace(SafeFileHandle file, long bytes, bool canShrink)
    {
        try
        {
            space.Reserve(file, bytes);
        }
        catch (IOException) when (!canShrink)
        {
            // Writing tells when there is no space.
        }
    }

    /// <summary>True if it was the last one of a closed log. The caller holds the lock.</summary>
    private bool EndReservation(Reservation reservation) =>
        reservation.Segment.Pending.Remove(reservation.Offset) && --openReservations == 0 && closed;
}
