using System.Runtime.InteropServices;
using RemoteExec.Protocol;

namespace RemoteExec.Builds.Explain;

/// <summary>
/// Which hits a history looks at: it only has to know that an action is still asked for, and must not cost what the calls cost. So each action once in a while, and only so many a second.
/// Not thread-safe.
/// </summary>
internal sealed class HitSampling
{
    private const int Slots = 1 << 16;
    private const int MostInSecond = 20;
    private static readonly TimeSpan often = TimeSpan.FromHours(1);

    private readonly (long Hash, long Seconds)[] seen = new (long, long)[Slots];
    private long second;
    private int inSecond;

    /// <summary>True if a hit is worth a look.</summary>
    public bool Takes(in Digest action, DateTimeOffset time)
    {
        long now = time.ToUnixTimeSeconds(), hash = MemoryMarshal.Read<long>(action.HashSpan);
        if (now != second)
            (second, inSecond) = (now, 0);
        if (inSecond >= MostInSecond)
            return false; // as most are when there are many: before the memory is asked, which is slower than all else here
        ref (long Hash, long Seconds) slot = ref seen[hash & (Slots - 1)];
        if (slot.Hash == hash && now - slot.Seconds < (long)often.TotalSeconds)
            return false;
        inSecond++;
        slot = (hash, now);
        return true;
    }
}
