using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// A part of the index: an open-addressing table in memory outside of the managed heap. Whoever calls holds <see cref="Gate"/>.
/// </summary>
/// <remarks>
/// Where an entry belongs (its home) is the proportional place of its tag's lower half, and slots are in the order of those halves. So the table is a sorted array
/// with gaps: a look-up scans from the home to the first slot that is empty or has more; an insertion moves the slots up to the next gap along; growing copies in
/// order. It grows by an eighth, at 93 % full; the shards begin with different sizes, so that they do not all grow at the same time, and on average are 88 % full.
/// Methods end with <see cref="GC.KeepAlive"/>, lest the memory be freed while they use it for the last time.
/// </remarks>
internal sealed unsafe class IndexShard(int number)
{
    private readonly Dictionary<UInt128, long> sizes = []; // digest sizes for which a slot has no room: of action results of odd actions
    private IndexSlot* slots;
    private int homes;
    private int count;

    /// <summary>
    /// Frees the memory, when nobody can use the shard any more: whoever still looks something up while the store is closed finds what was there, and no memory of others.
    /// </summary>
    ~IndexShard() => NativeMemory.Free(slots);

    /// <summary>Guards everything here.</summary>
    public Lock Gate { get; } = new();

    /// <summary>The number of entries. May be read without the lock.</summary>
    public int Count => Volatile.Read(ref count);

    /// <summary>The memory it takes, in bytes. May be read without the lock.</summary>
    public long MemoryBytes => (long)SlotsFor(Volatile.Read(ref homes)) * IndexSlot.Bytes;

    /// <summary>How many places a tag may belong to.</summary>
    public int Homes => homes;

    /// <summary>All slots, for a checkpoint.</summary>
    public ReadOnlySpan<byte> Image => MemoryMarshal.AsBytes(Slots);

    /// <summary>The digest sizes that have no room in their slots, for a checkpoint.</summary>
    public IReadOnlyDictionary<UInt128, long> OddSizes => sizes;

    private int Limit => homes / 128 * 119 + homes % 128 * 119 / 128;

    private Span<IndexSlot> Slots => new(slots, SlotsFor(homes));

    /// <summary>Finds an entry.</summary>
    public bool TryGet(UInt128 tag, out IndexEntry entry)
    {
        bool found = TryFind(tag, out int at);
        entry = found ? EntryOf(Slots[at]) : default;
        GC.KeepAlive(this);
        return found;
    }

    /// <summary>Has the processor fetch the slot where a tag belongs. Needs no lock: a table that has just been replaced is fetched in vain.</summary>
    public void Prefetch(UInt128 tag)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(slots + HomeOf((ulong)tag));
    }

    /// <summary>Notes the last touch of an entry that is there.</summary>
    public void SetTouch(UInt128 tag, Touch touch)
    {
        if (TryFind(tag, out int at))
            Slots[at].Touch = touch;
        GC.KeepAlive(this);
    }

    /// <summary>Adds or replaces an entry; false, with a default <paramref name="replaced"/>, if there was none.</summary>
    public bool Set(UInt128 tag, in IndexEntry entry, out IndexEntry replaced)
    {
        bool exists = TryFind(tag, out int at);
        replaced = exists ? EntryOf(Slots[at]) : default;
        if (exists)
        {
            if (Slots[at].HasSizeElsewhere)
                sizes.Remove(tag);
        }
        else
        {
            at = MakeGap(tag, at);
            count++;
        }

        var slot = new IndexSlot(tag, entry);
        if (slot.HasSizeElsewhere)
            sizes[tag] = entry.DigestSize;
        Slots[at] = slot;
        GC.KeepAlive(this);
        return exists;
    }

    /// <summary>Grows, if need be, so that so many entries more have room.</summary>
    public void Reserve(int more)
    {
        while (count + more > Limit)
            Grow();
    }

    /// <summary>Removes an entry.</summary>
    public bool Remove(UInt128 tag)
    {
        if (!TryFind(tag, out int at))
            return false;
        RemoveAt(at);
        GC.KeepAlive(this);
        return true;
    }

    /// <summary>Visits every entry of a segment, or of all if that is 0, and removes those of which it is told to. It changes nothing else.</summary>
    public void RemoveWhere(int segment, Func<UInt128, IndexEntry, bool> isToGo)
    {
        for (int at = 0; at < Slots.Length; at++)
        {
            // What is removed is replaced by what stood behind it.
            while (!Slots[at].IsEmpty && (segment == 0 || Slots[at].Segment == segment) && isToGo(Slots[at].TagIn(number), EntryOf(Slots[at])))
                RemoveAt(at);
        }

        GC.KeepAlive(this);
    }

    /// <summary>Adds up the bytes of the entries that were touched in an era or later, by their touches.</summary>
    public void CountTouched(uint since, Dictionary<Touch, long> bytes)
    {
        foreach (ref readonly IndexSlot slot in Slots)
        {
            if (!slot.IsEmpty && slot.Touch.Era >= since)
                CollectionsMarshal.GetValueRefOrAddDefault(bytes, slot.Touch, out _) += slot.Entry.Weight;
        }

        GC.KeepAlive(this);
    }

    /// <summary>Empties the shard and makes room for the slots of a checkpoint, which the caller fills in.</summary>
    public Span<byte> Reset(int homesThen, int countThen)
    {
        Clear();
        slots = Allocate(homesThen);
        homes = homesThen;
        count = countThen;
        return MemoryMarshal.AsBytes(Slots);
    }

    /// <summary>Adds an odd size of a checkpoint.</summary>
    public void AddOddSize(UInt128 tag, long size) => sizes[tag] = size;

    /// <summary>Removes everything.</summary>
    public void Clear()
    {
        NativeMemory.Free(slots);
        slots = null;
        homes = count = 0;
        sizes.Clear();
    }

    /// <summary>How many slots there are for so many homes: behind the last one there is some room for what does not fit where it belongs.</summary>
    public static int SlotsFor(int homes) => homes == 0 ? 0 : homes + 32 + homes / 128;

    private static IndexSlot* Allocate(int homes) => homes == 0 ? null : (IndexSlot*)NativeMemory.AllocZeroed((nuint)SlotsFor(homes), IndexSlot.Bytes);

    private int HomeOf(ulong low) => (int)Math.BigMul(low, (ulong)homes, out _);

    private IndexEntry EntryOf(in IndexSlot slot) =>
        slot.HasSizeElsewhere ? slot.Entry with { DigestSize = sizes[slot.TagIn(number)] } : slot.Entry;

    /// <summary>Finds the slot of a tag, or the one before which it would stand.</summary>
    private bool TryFind(UInt128 tag, out int at)
    {
        ulong low = (ulong)tag;
        ReadOnlySpan<IndexSlot> all = Slots;
        for (at = HomeOf(low); at < all.Length; at++)
        {
            ref readonly IndexSlot slot = ref all[at];
            if (slot.IsEmpty || slot.Low > low)
                return false;
            if (slot.Low == low && slot.HasHigh(tag))
                return true;
        }

        return false;
    }

    /// <summary>Makes room for a tag that is not there, before the slot where it was looked for. Returns where.</summary>
    private int MakeGap(UInt128 tag, int at)
    {
        while (true)
        {
            if (count < Limit)
            {
                Span<IndexSlot> all = Slots;
                int gap = at;
                while (gap < all.Length && !all[gap].IsEmpty)
                    gap++;
                if (gap < all.Length)
                {
                    all[at..gap].CopyTo(all[(at + 1)..]);
                    return at;
                }
            }

            Grow();
            TryFind(tag, out at);
        }
    }

    private void Grow()
    {
        ReadOnlySpan<IndexSlot> old = Slots;
        IndexSlot* oldSlots = slots;
        do
        {
            if (slots != oldSlots)
                NativeMemory.Free(slots);
            homes = homes == 0 ? 16 + number % 16 : checked(homes + homes / 8 + 1);
            slots = Allocate(homes);
        }
        while (!TryCopyFrom(old));
        NativeMemory.Free(oldSlots);
    }

    /// <summary>Copies the entries of a smaller table; false if too many belong to the end.</summary>
    private bool TryCopyFrom(ReadOnlySpan<IndexSlot> old)
    {
        Span<IndexSlot> all = Slots;
        int next = 0;
        foreach (ref readonly IndexSlot slot in old)
        {
            if (slot.IsEmpty)
                continue;
            next = Math.Max(next, HomeOf(slot.Low));
            if (next == all.Length)
                return false;
            all[next++] = slot;
        }

        return true;
    }

    private void RemoveAt(int at)
    {
        Span<IndexSlot> all = Slots;
        if (all[at].HasSizeElsewhere)
            sizes.Remove(all[at].TagIn(number));
        int end = at + 1;
        while (end < all.Length && !all[end].IsEmpty && HomeOf(all[end].Low) < end)
            end++;
        all[(at + 1)..end].CopyTo(all[at..]);
        all[end - 1] = default;
        count--;
    }
}
