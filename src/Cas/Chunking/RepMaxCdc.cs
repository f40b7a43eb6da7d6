namespace RemoteExec.Cas.Chunking;

/// <summary>
/// RepMaxCDC (CAS-39): a chunk ends where the Gear hash is highest within the horizon, the first of equals; if that is too far for one chunk, what is before it
/// is cut the same way, at least a shortest chunk before it, until one is in reach. So all chunks but a short blob's only one have [min, 2 min) bytes.
/// </summary>
/// <remarks>
/// Only <em>peaks</em> matter, places where the hash is higher than at all before. Once no higher one follows a peak within the shortest chunk, whatever comes
/// behind can't make it anything but an end: then all ends up to it are known, and what follows is cut as if it began there. So nearly every byte is hashed once.
/// </remarks>
internal sealed class RepMaxCdc : IChunker
{
    private readonly ulong[] gear = Gear.TableOf(seed: 0);

    /// <summary>Makes a chunker.</summary>
    /// <param name="minBytes">The shortest chunk, at least 64; the longest is a byte less than twice that.</param>
    /// <param name="horizonBytes">How far behind the shortest chunk the best end is looked for; 0 makes all chunks equally long.</param>
    public RepMaxCdc(int minBytes, int horizonBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(minBytes, Gear.WindowBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(horizonBytes);
        MinBytes = minBytes;
        LookAheadBytes = checked((2 * minBytes) + horizonBytes);
    }

    /// <summary>The shortest chunk, but for that of a blob that is shorter.</summary>
    public int MinBytes { get; }

    /// <inheritdoc/>
    public int LookAheadBytes { get; }

    /// <inheritdoc/>
    public void Cut(ReadOnlySpan<byte> content, List<int> lengths)
    {
        if (content.Length < 2 * MinBytes)
        {
            lengths.Add(content.Length);
            return;
        }

        // A chunk of the least length has to be left behind the last place where one may end.
        ReadOnlySpan<byte> window = content[..(Math.Min(content.Length, LookAheadBytes) - MinBytes)];
        var peaks = new List<int>(32);
        bool isDecided = FindPeaks(window, peaks);

        // Back from the highest: each end is the last peak that leaves room for a chunk.
        var ends = new Stack<int>();
        int end = peaks[^1];
        for (int i = peaks.Count - 1; end >= 2 * MinBytes; end = peaks[i])
        {
            ends.Push(end);
            while (peaks[i] > end - MinBytes)
                i--;
        }

        lengths.Add(end);
        if (!isDecided)
            return; // what lies beyond the horizon may change the others
        foreach (int next in ends)
        {
            lengths.Add(next - end);
            end = next;
        }
    }

    /// <summary>Finds the peaks from the shortest chunk on. True if no other is within reach of the last one.</summary>
    private bool FindPeaks(ReadOnlySpan<byte> window, List<int> peaks)
    {
        ReadOnlySpan<ulong> table = gear;
        ulong hash = 0;
        foreach (byte value in window[(MinBytes - Gear.WindowBytes)..MinBytes])
            hash = (hash << 1) + table[value];

        int at = MinBytes;
        while (true)
        {
            peaks.Add(at);
            ulong highest = hash;
            int reach = at + MinBytes - 1;
            int end = Math.Min(reach, window.Length);
            while (at < end && hash <= highest)
                hash = (hash << 1) + table[window[at++]];
            if (hash <= highest)
                return end == reach;
        }
    }
}
