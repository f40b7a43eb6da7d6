using System.Numerics;

namespace RemoteExec.Probe.Load;

/// <summary>
/// Times in buckets that are at most 1/64 of themselves wide: any percentile is known to 1.6 %, whatever the range, in 30 KiB. Not thread-safe: each thread counts in one
/// of its own, and they are added up.
/// </summary>
public sealed class LatencyHistogram
{
    private const int SubBits = 6;
    private const int SubBuckets = 1 << SubBits;
    private readonly long[] counts = new long[(64 - SubBits + 1) * SubBuckets];

    /// <summary>How many times were counted.</summary>
    public long Count { get; private set; }

    /// <summary>The longest.</summary>
    public TimeSpan Longest { get; private set; }

    /// <summary>Their sum.</summary>
    public TimeSpan Sum { get; private set; }

    /// <summary>Counts a time.</summary>
    public void Add(TimeSpan time)
    {
        counts[IndexOf(Math.Max(0, time.Ticks))]++;
        Count++;
        Sum += time;
        if (time > Longest)
            Longest = time;
    }

    /// <summary>Adds what another has counted.</summary>
    public void Add(LatencyHistogram other)
    {
        for (int i = 0; i < counts.Length; i++)
            counts[i] += other.counts[i];
        Count += other.Count;
        Sum += other.Sum;
        if (other.Longest > Longest)
            Longest = other.Longest;
    }

    /// <summary>The time that so many in a hundred were not longer than; zero if none was counted.</summary>
    public TimeSpan Percentile(double percent)
    {
        long rank = Math.Max(1, (long)Math.Ceiling(Count * percent / 100));
        long seen = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            seen += counts[i];
            if (seen >= rank)
                return TimeSpan.FromTicks(Math.Min(HighestIn(i), Longest.Ticks));
        }

        return TimeSpan.Zero;
    }

    // Below 64 each has a bucket; above, each power of two is divided into 64.
    private static int IndexOf(long ticks)
    {
        int magnitude = 63 - BitOperations.LeadingZeroCount((ulong)ticks | 1);
        int shift = Math.Max(0, magnitude - SubBits);
        return magnitude < SubBits ? (int)ticks : ((shift + 1) * SubBuckets) + (int)((ticks >> shift) - SubBuckets);
    }

    private static long HighestIn(int index)
    {
        if (index < SubBuckets)
            return index;
        int shift = (index / SubBuckets) - 1;
        return ((((long)(index % SubBuckets) + SubBuckets + 1) << shift) - 1);
    }
}
