namespace RemoteExec.Cas.Stores.Segments;

/// <summary>Remembers when the eras (see <see cref="SegmentLog"/>) began, to tell which one it was at some time. Not thread-safe: the log's lock guards it.</summary>
/// <param name="time">The clock.</param>
/// <param name="first">The era now.</param>
internal sealed class EraClock(TimeProvider time, uint first)
{
    private const int Most = 4096;
    private readonly List<(long Began, uint Era)> eras = [(time.GetTimestamp(), first)];

    /// <summary>An era begins now.</summary>
    public void Begin(uint era)
    {
        // Of those that began together, and, when they are too many, of each two, the later one is forgotten: an era too early is the safe mistake.
        long now = time.GetTimestamp();
        if (eras[^1].Began >= now)
            return;
        if (eras.Count == Most)
        {
            int kept = 0;
            for (int i = 0; i < Most; i += 2)
                eras[kept++] = eras[i];
            eras.RemoveRange(kept, Most - kept);
        }

        eras.Add((now, era));
    }

    /// <summary>An era not later than the one it was at some timestamp of the clock.</summary>
    public uint At(long when)
    {
        int later = eras.FindIndex(era => era.Began >= when); // what begins in that very tick may begin after it
        return later < 0 ? eras[^1].Era : eras[Math.Max(0, later - 1)].Era;
    }
}
