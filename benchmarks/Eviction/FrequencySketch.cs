namespace RemoteExec.Benchmarks.Eviction;

/// <summary>About how often something was seen lately: a count-min sketch whose counters end at 15 and are halved now and then.</summary>
/// <param name="width">How many counters each of the four rows has; a power of two.</param>
internal sealed class FrequencySketch(int width)
{
    private const int Rows = 4;
    private const int Most = 15;
    private readonly byte[] counters = new byte[Rows * width];
    private int seen;

    /// <summary>Counts one.</summary>
    public void Add(int item)
    {
        for (int row = 0; row < Rows; row++)
        {
            ref byte counter = ref counters[Slot(item, row)];
            if (counter < Most)
                counter++;
        }

        if (++seen < 10 * width)
            return;
        seen /= 2;
        for (int i = 0; i < counters.Length; i++)
            counters[i] /= 2;
    }

    /// <summary>How often, at most.</summary>
    public int Estimate(int item)
    {
        int least = Most;
        for (int row = 0; row < Rows; row++)
            least = Math.Min(least, counters[Slot(item, row)]);
        return least;
    }

    private int Slot(int item, int row)
    {
        ulong mixed = ((ulong)(uint)item + 1 + ((ulong)row << 40)) * 0x9e3779b97f4a7c15;
        mixed = (mixed ^ (mixed >> 29)) * 0xbf58476d1ce4e5b9;
        return (row * width) + (int)((mixed >> 32) & (ulong)(width - 1));
    }
}
