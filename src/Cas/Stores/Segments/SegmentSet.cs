using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>The segments of a store, their order of eviction and the space in them. Not thread-safe: the log's lock guards it.</summary>
internal sealed class SegmentSet(long segmentBytes, long maxBytes, long minFreeBytes)
{
    private readonly ConcurrentDictionary<int, SegmentFile> byNumber = []; // read without the log's lock
    private readonly LinkedList<SegmentFile> byAge = []; // the next to be evicted first; the active one is among them
    private readonly long configured = maxBytes;
    private long bound = maxBytes;
    private long leavingBytes; // of segments that were removed, whose files are about to be deleted
    private long freeWhenFull; // what the disk said was free when the bound was lowered last

    /// <summary>Where small records go; null before the first one.</summary>
    public SegmentFile? Active { get; private set; }

    /// <summary>The number of segments.</summary>
    public int Count => byNumber.Count;

    /// <summary>The bytes of all segments, and of those that were removed and are still on the disk.</summary>
    public long DiskBytes
    {
        get
        {
            long sum = leavingBytes;
            foreach (SegmentFile segment in byAge)
                sum += segment.Tail;
            return sum;
        }
    }

    /// <summary>The same with what is reserved behind the active one.</summary>
    private long TakenBytes => DiskBytes + (Active is null ? 0 : segmentBytes - Active.Tail);

    /// <summary>The segment with a number that the index knows; needs no lock but that of the index.</summary>
    public SegmentFile this[int number] => byNumber[number];

    /// <summary>The segments, the next to be evicted first.</summary>
    public IEnumerable<SegmentFile> InOrder() => byAge;

    /// <summary>The segment with a number that may be gone.</summary>
    public bool TryGet(int number, [NotNullWhen(true)] out SegmentFile? segment) => byNumber.TryGetValue(number, out segment);

    /// <summary>Adds a segment, the last to be evicted.</summary>
    public void Add(SegmentFile segment)
    {
        byNumber[segment.Number] = segment;
        byAge.AddLast(segment);
    }

    /// <summary>Directs small records to a segment from now on.</summary>
    public void Activate(SegmentFile? segment) => Active = segment;

    /// <summary>Removes a segment. Until <see cref="Left"/> is told that its file is gone, it counts as if it were there.</summary>
    public void Remove(SegmentFile segment)
    {
        leavingBytes += segment.Tail;
        segment.IsDropped = true;
        byNumber.TryRemove(segment.Number, out _);
        byAge.Remove(segment);
        if (Active == segment)
            Active = null;
    }

    /// <summary>The file of a segment that was removed is gone.</summary>
    public void Left(SegmentFile segment) => leavingBytes -= segment.Tail;

    /// <summary>Makes a segment the last to be evicted.</summary>
    public void MoveToEnd(SegmentFile segment)
    {
        byAge.Remove(segment);
        byAge.AddLast(segment);
    }

    /// <summary>Reserves the next bytes of a segment and acquires it for the caller.</summary>
    public static Reservation Take(SegmentFile segment, long bytes)
    {
        var reservation = new Reservation(segment, segment.Tail, bytes);
        segment.Pending.Add(segment.Tail);
        segment.Acquire();
        segment.Tail += bytes;
        return reservation;
    }

    /// <summary>True if a segment for a record of this length can be added within the bound.</summary>
    public bool HasRoomFor(long recordBytes)
    {
        // A segment counts with what it may become: the new one does, and so does the active one if it stays.
        long growth = recordBytes > segmentBytes ? recordBytes + (Active is null ? 0 : segmentBytes - Active.Tail) : segmentBytes;
        return DiskBytes + growth <= bound;
    }

    /// <summary>The bytes that the segments may take now: the configured bound, or less if the disk was full before it was reached.</summary>
    public long Bound => bound;

    /// <summary>False if a record of this length would not fit even if all else were evicted.</summary>
    public bool CouldHold(long recordBytes) => recordBytes <= segmentBytes || recordBytes + (Active is null ? 0 : segmentBytes) <= bound;

    /// <summary>The disk is full before the bound is reached: lowers the bound to a segment less than what is there now.</summary>
    /// <param name="freeBytes">What the disk says is free, though nothing could be written: 0, or what others hold back.</param>
    /// <returns>True if it was higher before.</returns>
    public bool LowerBound(long freeBytes)
    {
        freeWhenFull = freeBytes;
        long before = bound;
        bound = Math.Min(bound, Math.Max(DiskBytes - segmentBytes, 2 * segmentBytes));
        return bound < before;
    }

    /// <summary>
    /// Lowers the bound if others have filled the disk, so that this much less is taken as there is too little free. Not by more than a sixteenth at a time: other stores on that
    /// disk do the same, and what is evicted may become free only later.
    /// </summary>
    /// <param name="freeBytes">What the disk says is free.</param>
    /// <returns>True if it was higher before.</returns>
    public bool MakeFree(long freeBytes)
    {
        long missing = Math.Min(minFreeBytes - freeBytes, Math.Max(segmentBytes, configured / 16));
        if (missing <= 0)
            return false;
        long before = bound;
        bound = Math.Min(bound, Math.Max(TakenBytes - missing, 2 * segmentBytes));
        return bound < before;
    }

    /// <summary>Raises a lowered bound to what fits by now, again but for a segment; never above the configured one.</summary>
    /// <param name="freeBytes">What the disk says is free.</param>
    /// <returns>True if it was lower before.</returns>
    public bool RaiseBound(long freeBytes)
    {
        long before = bound;
        bound = Math.Max(bound, Math.Min(configured, TakenBytes + (freeBytes - Math.Max(freeWhenFull, minFreeBytes)) - segmentBytes));
        return bound > before;
    }

    /// <summary>
    /// Chooses the segment to evict: one without live records, or the oldest. But one of which more than three quarters are in use
    /// is spared once in a pass: its uses are forgotten and it goes to the end of the order. If all are, it is the one that nobody has
    /// used for longest. What was written just now, within a quarter of the bound, has had no time to be used, and goes only if there is nothing else.
    /// </summary>
    /// <param name="passStart">The era in which the pass began.</param>
    /// <param name="era">The era now.</param>
    /// <param name="reservedBytes">What was handed out to writers up to now.</param>
    /// <param name="isUrgent">True if, when nothing else is left, one may be taken that is still being written to: those writers will have to write again.</param>
    /// <param name="spared">Those that were looked at in this pass and kept: they are taken only when all others of their kind were looked at, too.</param>
    public SegmentFile? ChooseVictim(uint passStart, uint era, long reservedBytes, bool isUrgent, IReadOnlySet<SegmentFile> spared)
    {
        SegmentFile[] idle = [.. byAge.Where(segment => segment != Active && segment.Pending.Count == 0)];
        if (Array.Find(idle, segment => segment.LiveBytes == 0) is { } garbage)
            return garbage;
        SegmentFile[] grown = [.. idle.Where(segment => reservedBytes - segment.WrittenAt >= bound / 4)];
        foreach (SegmentFile segment in grown)
        {
            if (segment.ForgottenEra >= passStart)
                continue;
            if (segment.UsedBytes <= segment.Tail / 4 * 3)
                return segment;
            segment.ForgetUses(era);
            MoveToEnd(segment);
        }

        return grown.MinBy(segment => (spared.Contains(segment), segment.LastUse)) ?? idle.MinBy(segment => (spared.Contains(segment), segment.LastUse)) ?? (isUrgent ? byAge.FirstOrDefault(segment => segment != Active) : null);
    }
}
