using System.Diagnostics.CodeAnalysis;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// The state of a store in memory: its segments, where the next record goes, and the index. Every change is atomic under one lock;
/// everything here but <see cref="ReserveInNewSegmentAsync"/> is short and without I/O.
/// </summary>
/// <remarks>
/// Time is counted in <em>eras</em>: one ends with each segment that is filled and with each eviction. An index entry notes the era of
/// its last use, which is as fine as eviction needs to know it, and costs nothing. It is <em>in use</em> if that is later than
/// the era in which the uses of its segment were last forgotten.
/// </remarks>
internal sealed partial class SegmentLog(StoreDirectory directory, SegmentStoreOptions options)
{
    private readonly Lock gate = new(); // guards everything below but the sequence, and the guarded members of the segments
    private readonly SegmentIndex index = new();
    private readonly SegmentSet segments = new(options.EffectiveSegmentBytes, options.MaxBytes);
    private readonly SemaphoreSlim growing = new(1); // one new segment at a time
    private int nextNumber = 1;
    private uint era = 1;
    private int openReservations;
    private bool closed;
    private long reservedBytes;
    private long sequence;

    /// <summary>The size of a segment.</summary>
    public long SegmentBytes { get; } = options.EffectiveSegmentBytes;

    /// <summary>The bytes handed out to writers since the store was opened.</summary>
    public long ReservedBytes => Interlocked.Read(ref reservedBytes);

    /// <summary>The number of the next commit.</summary>
    public long NextSequence() => Interlocked.Increment(ref sequence);

    /// <summary>The counts an operator wants.</summary>
    public (long Blobs, long DiskBytes, int Segments) Measure()
    {
        lock (gate)
            return (index.Count, segments.DiskBytes, segments.Count);
    }

    /// <summary>Finds a blob, notes its use and acquires its segment, which the caller releases.</summary>
    public bool TryAcquire(UInt128 tag, long sizeBytes, out IndexEntry entry, [NotNullWhen(true)] out SegmentFile? segment)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(closed, typeof(SegmentStore));
            segment = null;
            if (!TryUse(tag, sizeBytes, out entry))
                return false;
            segment = segments[entry.Place.Segment];
            segment.Acquire();
            return true;
        }
    }

    /// <summary>Looks up many blobs at once and notes the use of those that are there.</summary>
    public void Use(ReadOnlySpan<UInt128> tags, ReadOnlySpan<long> sizes, Span<bool> found)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(closed, typeof(SegmentStore));
            for (int i = 0; i < tags.Length; i++)
                found[i] = TryUse(tags[i], sizes[i], out _);
        }
    }

    /// <summary>Reserves space in the active segment; false if it has not enough, or the record needs a segment of its own.</summary>
    public bool TryReserve(long bytes, out Reservation reservation)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(closed, typeof(SegmentStore));
            reservation = default;
            if (segments.Active is not { } active || active.Tail + bytes > SegmentBytes)
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
            lock (gate)
                number = nextNumber++;
            SegmentFile segment = SegmentFile.Create(options.Name, directory.SegmentPath(number, single), number, single);
            lock (gate)
            {
                segments.Add(segment);
                if (!single)
                {
                    segments.Activate(segment);
                    era++;
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
    /// Makes a record visible, replacing an older one of its key, and ends the reservation. False, changing nothing, if its segment was
    /// evicted or the store was closed meanwhile.
    /// </summary>
    public bool Publish(Reservation reservation, UInt128 tag, IndexEntry entry)
    {
        lock (gate)
        {
            // The reservation stays open when it can't be published: its owner gives it up.
            if (reservation.Segment.IsDropped || closed)
                return false;
            Put(tag, entry);
            EndReservation(reservation);
            return true;
        }
    }

    /// <summary>Lets the index point to a copy of a record and ends the reservation; false, changing nothing, if the blob was replaced or dropped meanwhile.</summary>
    public bool PublishMoved(Reservation reservation, UInt128 tag, IndexEntry moved)
    {
        lock (gate)
        {
            if (reservation.Segment.IsDropped || closed || !index.TryGet(tag, out IndexEntry entry) || entry.Place != moved.Place)
                return false;
            Put(tag, entry with { Place = reservation.Place, LastUse = entry.LastUse == moved.LastUse ? 0 : entry.LastUse });
            EndReservation(reservation);
            return true;
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
            directory.Delete(segment);
        if (last)
            directory.Dispose();
    }

    /// <summary>Drops a blob, if it is still the record at this place.</summary>
    public bool Drop(UInt128 tag, RecordPlace place)
    {
        lock (gate)
            return index.TryGet(tag, out IndexEntry entry) && entry.Place == place && Remove(tag, entry);
    }

    /// <summary>Drops a blob unless it was used, replaced or moved since the entry was read.</summary>
    public bool DropUnused(UInt128 tag, IndexEntry seen)
    {
        lock (gate)
            return index.TryGet(tag, out IndexEntry entry) && entry == seen && Remove(tag, entry);
    }

    /// <summary>Starts an eviction pass and returns its era.</summary>
    public uint StartPass()
    {
        lock (gate)
            return ++era;
    }

    /// <summary>Chooses the next segment to evict; null if there is none. It takes no more records, though it stays until it is removed.</summary>
    public SegmentFile? ChooseVictim(uint passStart, bool isUrgent)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(closed, typeof(SegmentStore));
            SegmentFile? victim = segments.ChooseVictim(passStart, era++, isUrgent);
            if (victim is not null)
                victim.IsDropped = true;
            return victim;
        }
    }

    /// <summary>Drops the blobs of a segment that were not used after an era, in one shard of the index, and lists those that were.</summary>
    /// <returns>How many were dropped.</returns>
    public int Sweep(int shard, SegmentFile victim, uint usedAfter, List<KeyValuePair<UInt128, IndexEntry>> inUse)
    {
        lock (gate)
        {
            int dropped = 0;
            foreach (KeyValuePair<UInt128, IndexEntry> item in index.Shard(shard))
            {
                if (item.Value.Place.Segment != victim.Number)
                    continue;
                if (item.Value.LastUse > usedAfter)
                {
                    inUse.Add(item);
                }
                else
                {
                    Remove(item.Key, item.Value);
                    dropped++;
                }
            }

            return dropped;
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

    /// <summary>The disk is full before the bound is reached: lowers the bound, for as long as the store is open. Returns it.</summary>
    public long LowerBound()
    {
        lock (gate)
            return segments.LowerBound();
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
                long end = segment.Pending.Count == 0 ? segment.Tail : segment.Pending.Min();
                covered.Add(new CoveredSegment(segment.Number, end, segment.ForgottenEra, segment));
            }

            return new CheckpointHead(nextNumber, era, Interlocked.Read(ref sequence), covered);
        }
    }

    /// <summary>Copies one shard of the index.</summary>
    public void CopyShard(int shard, List<KeyValuePair<UInt128, IndexEntry>> destination)
    {
        lock (gate)
            destination.AddRange(index.Shard(shard));
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
            foreach (SegmentFile segment in segments.InOrder())
                segment.Release();
        }

        if (last)
            directory.Dispose();
    }

    private Reservation Take(SegmentFile segment, long bytes)
    {
        openReservations++;
        reservedBytes += bytes;
        return SegmentSet.Take(segment, bytes);
    }

    /// <summary>True if it was the last one of a closed log.</summary>
    private bool EndReservation(Reservation reservation) =>
        reservation.Segment.Pending.Remove(reservation.Offset) && --openReservations == 0 && closed;

    private bool TryUse(UInt128 tag, long sizeBytes, out IndexEntry entry)
    {
        if (!index.TryGet(tag, out entry) || !entry.AnswersFor(sizeBytes))
            return false;
        if (entry.LastUse != era)
        {
            SegmentFile segment = segments[entry.Place.Segment];
            if (entry.LastUse <= segment.ForgottenEra)
                segment.UsedBytes += entry.Weight;
            segment.LastUse = era;
            entry = entry with { LastUse = era };
            index.Set(tag, entry, out _);
        }

        return true;
    }

    private void Put(UInt128 tag, IndexEntry entry)
    {
        Count(entry, 1);
        if (index.Set(tag, entry, out IndexEntry replaced))
            Count(replaced, -1);
    }

    private bool Remove(UInt128 tag, IndexEntry entry)
    {
        Count(entry, -1);
        return index.Remove(tag);
    }

    private void Count(IndexEntry entry, int sign)
    {
        SegmentFile segment = segments[entry.Place.Segment];
        segment.LiveBytes += sign * entry.Weight;
        segment.LastUse = Math.Max(segment.LastUse, entry.LastUse);
        if (entry.LastUse > segment.ForgottenEra)
            segment.UsedBytes += sign * entry.Weight;
    }
}
