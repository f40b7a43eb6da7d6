using System.Diagnostics.CodeAnalysis;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// The state of a store in memory: its segments, where the next record goes, and the index. Every change is atomic under one lock;
/// everything here but <see cref="ReserveInNewSegmentAsync"/> is short and without I/O.
/// </summary>
/// <remarks>
/// Time is counted in <em>eras</em>: one ends with each segment that is filled and with each eviction. An index entry notes the era of
/// its last use, which is as fine as eviction needs to know it, and costs nothing.
/// </remarks>
internal sealed class SegmentLog(StoreDirectory directory, SegmentStoreOptions options) : IDisposable
{
    private readonly Lock gate = new(); // guards everything below but the sequence, and the guarded members of the segments
    private readonly SegmentIndex index = new();
    private readonly Dictionary<int, SegmentFile> segments = [];
    private readonly LinkedList<SegmentFile> byAge = []; // the next to be evicted first; the active one is among them
    private readonly SemaphoreSlim growing = new(1); // one new segment at a time
    private SegmentFile? active;
    private int nextNumber = 1;
    private uint era = 1;
    private bool closed;
    private long sequence;

    /// <summary>The size of a segment.</summary>
    public long SegmentBytes { get; } = options.EffectiveSegmentBytes;

    /// <summary>The bytes handed out to writers since the store was opened.</summary>
    public long ReservedBytes { get; private set; }

    /// <summary>The number of the next commit.</summary>
    public long NextSequence() => Interlocked.Increment(ref sequence);

    /// <summary>The counts an operator wants.</summary>
    public (long Blobs, long DiskBytes, int Segments) Measure()
    {
        lock (gate)
            return (index.Count, DiskBytes(), segments.Count);
    }

    /// <summary>Finds a blob, notes its use and acquires its segment, which the caller releases.</summary>
    public bool TryAcquire(UInt128 tag, long sizeBytes, out IndexEntry entry, [NotNullWhen(true)] out SegmentFile? segment)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(closed, typeof(SegmentStore));
            segment = null;
            if (!index.TryUse(tag, sizeBytes, era, out entry))
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
            for (int i = 0; i < tags.Length; i++)
                found[i] = index.TryUse(tags[i], sizes[i], era, out _);
        }
    }

    /// <summary>Reserves space in the active segment; false if it has not enough, or the record needs a segment of its own.</summary>
    public bool TryReserve(long bytes, out Reservation reservation)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(closed, typeof(SegmentStore));
            reservation = default;
            if (active is null || active.Tail + bytes > SegmentBytes)
                return false;
            reservation = Take(active, bytes);
            return true;
        }
    }

    /// <summary>True if a segment for a record of this length can be added within the bound.</summary>
    public bool HasRoomFor(long bytes)
    {
        lock (gate)
            return RoomLeft(bytes);
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
                segments.Add(number, segment);
                byAge.AddLast(segment);
                if (!single)
                {
                    active = segment;
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
    /// Makes a record visible, replacing an older one of its key. False if its segment was evicted meanwhile; the reservation is over
    /// in both cases.
    /// </summary>
    /// <param name="reservation">Where the record was written.</param>
    /// <param name="tag">The tag of its key.</param>
    /// <param name="entry">What the index is to know.</param>
    /// <param name="replaced">The older record's segment, acquired for the caller; null if there was none.</param>
    /// <param name="replacedOffset">The older record's offset.</param>
    public bool Publish(Reservation reservation, UInt128 tag, IndexEntry entry, out SegmentFile? replaced, out long replacedOffset)
    {
        lock (gate)
        {
            replaced = null;
            replacedOffset = 0;
            reservation.Segment.Pending.Remove(reservation.Offset);
            if (reservation.Segment.IsDropped)
                return false;
            if (index.Set(tag, entry, out IndexEntry old))
            {
                replaced = segments[old.Place.Segment];
                replaced.Acquire();
                replacedOffset = old.Place.Offset;
            }

            return true;
        }
    }

    /// <summary>Lets the index point to a copy of a record; false, changing nothing, if the blob was replaced or dropped meanwhile.</summary>
    public bool PublishMoved(Reservation reservation, UInt128 tag, RecordPlace from)
    {
        lock (gate)
        {
            reservation.Segment.Pending.Remove(reservation.Offset);
            if (reservation.Segment.IsDropped || !index.TryGet(tag, out IndexEntry entry) || entry.Place != from)
                return false;
            index.Set(tag, entry with { Place = reservation.Place, LastUse = 0 }, out _);
            return true;
        }
    }

    /// <summary>Gives up a reservation. Its space is used again if it is the last one in its segment.</summary>
    public void Abandon(Reservation reservation)
    {
        bool remove;
        lock (gate)
        {
            SegmentFile segment = reservation.Segment;
            segment.Pending.Remove(reservation.Offset);
            remove = segment.IsSingle && !segment.IsDropped;
            if (remove)
                Forget(segment);
            else if (segment == active && segment.Tail == reservation.Offset + reservation.Length)
                segment.Tail = reservation.Offset;
        }

        if (remove)
            directory.Delete(reservation.Segment);
    }

    /// <summary>Drops a blob, if it is still the record at this place.</summary>
    public bool Drop(UInt128 tag, RecordPlace place)
    {
        lock (gate)
            return index.TryGet(tag, out IndexEntry entry) && entry.Place == place && index.Remove(tag);
    }

    /// <summary>Adds a segment that was found on disk; they come in the order in which they are to be evicted.</summary>
    public void Restore(SegmentFile segment)
    {
        lock (gate)
        {
            segments.Add(segment.Number, segment);
            byAge.AddLast(segment);
            nextNumber = Math.Max(nextNumber, segment.Number + 1);
        }
    }

    /// <summary>The segments, the next to be evicted first.</summary>
    public IReadOnlyList<SegmentFile> Segments()
    {
        lock (gate)
            return [.. byAge];
    }

    /// <summary>Adds a record that was found on disk, unless the index knows a later one of its key.</summary>
    /// <param name="tag">The tag of its key.</param>
    /// <param name="place">Where it was found.</param>
    /// <param name="header">Its header.</param>
    /// <param name="sequenceAt">Reads the sequence number of the record at a place: the index does not keep it.</param>
    public void Restore(UInt128 tag, RecordPlace place, in RecordHeader header, Func<SegmentFile, RecordPlace, long> sequenceAt)
    {
        sequence = Math.Max(sequence, header.Sequence);
        if (index.TryGet(tag, out IndexEntry known) && known.Place != place && sequenceAt(segments[known.Place.Segment], known.Place) > header.Sequence)
            return;
        index.Set(tag, new IndexEntry(place, header.ValueLength, header.Digest.SizeBytes, 0), out _);
    }

    /// <summary>Ends the restoring: goes on in the last segment if it has space left.</summary>
    public void Resume()
    {
        lock (gate)
        {
            if (segments.GetValueOrDefault(nextNumber - 1) is { IsSingle: false } last && last.Tail < SegmentBytes)
                active = last;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (gate)
        {
            closed = true;
            active = null;
            foreach (SegmentFile segment in byAge)
                segment.Release();
            byAge.Clear();
        }
    }

    private Reservation Take(SegmentFile segment, long bytes)
    {
        var reservation = new Reservation(segment, segment.Tail, bytes);
        segment.Pending.Add(segment.Tail);
        segment.Acquire();
        segment.Tail += bytes;
        ReservedBytes += bytes;
        return reservation;
    }

    private bool RoomLeft(long bytes)
    {
        // The active segment counts with what it may become, unless it is full and about to be replaced.
        long grown = bytes > SegmentBytes ? bytes + (active is null ? 0 : SegmentBytes - active.Tail) : SegmentBytes;
        return DiskBytes() + grown <= options.MaxBytes;
    }

    private long DiskBytes()
    {
        long sum = 0;
        foreach (SegmentFile segment in byAge)
            sum += segment.Tail;
        return sum;
    }

    private void Forget(SegmentFile segment)
    {
        segment.IsDropped = true;
        segments.Remove(segment.Number);
        byAge.Remove(segment);
        if (active == segment)
            active = null;
    }
}
