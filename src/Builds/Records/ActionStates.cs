using System.Runtime.CompilerServices;

namespace RemoteExec.Builds.Records;

/// <summary>
/// What has to be remembered of each action of a build, by its <see cref="ActionKey"/>. A look-up goes through the memory once: that is most of what it costs to count a call in a build of many
/// actions. None is ever removed. Not thread-safe.
/// </summary>
internal sealed class ActionStates
{
    private const int FirstSlots = 32; // a power of two, as all numbers of slots are

    private static readonly ulong seed = (ulong)Random.Shared.NextInt64() | 1; // clients make digests up: none may know which share a slot

    private Slot[] slots = new Slot[FirstSlots];

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>The state of an action; no reference at all if there is none. Valid until the next one is added.</summary>
    public ref ActionState Find(UInt128 key)
    {
        ref Slot slot = ref SlotOf(slots, key);
        return ref slot.State.IsTaken ? ref slot.State : ref Unsafe.NullRef<ActionState>();
    }

    /// <summary>The state of an action, which is empty if there was none. Valid until the next one is added.</summary>
    public ref ActionState FindOrAdd(UInt128 key)
    {
        ref Slot slot = ref SlotOf(slots, key);
        if (slot.State.IsTaken)
            return ref slot.State;
        if (Count >= slots.Length / 4 * 3)
        {
            Grow();
            slot = ref SlotOf(slots, key);
        }

        Count++;
        slot.Key = key;
        slot.State.IsTaken = true;
        return ref slot.State;
    }

    // The slot of the key, or the free one where it is to be.
    private static ref Slot SlotOf(Slot[] slots, UInt128 key)
    {
        ulong mixed = unchecked(((ulong)key + (ulong)(key >> 64)) * seed);
        int mask = slots.Length - 1;
        for (int i = (int)(mixed >> 32) & mask; ; i = (i + 1) & mask)
        {
            ref Slot slot = ref slots[i];
            if (!slot.State.IsTaken || slot.Key == key)
                return ref slot;
        }
    }

    private void Grow()
    {
        var larger = new Slot[slots.Length * 2];
        foreach (ref readonly Slot slot in slots.AsSpan())
        {
            if (slot.State.IsTaken)
                SlotOf(larger, slot.Key) = slot;
        }

        slots = larger;
    }

    /// <summary>32 bytes: two share a line of the processor's cache.</summary>
    private struct Slot
    {
        public UInt128 Key;
        public ActionState State;
    }
}
