namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// What a thread has read of a segment beyond what it was asked for. Blobs that were written together are often read together, and lie side by side: after two
/// neighbours the next ones are read by the same system call. What comes from here may be older than its record, though never another record: who does not find
/// there what the index says looks into the file.
/// </summary>
internal sealed class ReadAhead
{
    private const int WindowBytes = 32 * 1024;
    private const int NearBytes = 4096; // other threads may have read what lies between

    [ThreadStatic]
    private static ReadAhead? ofThread;

    private byte[] window = []; // for most threads there never is one
    private SegmentFile? segment;
    private long start; // of the window, in the segment
    private int count;
    private long end; // of what was read last

    /// <summary>That of the thread that asks.</summary>
    public static ReadAhead OfThread => ofThread ??= new ReadAhead();

    /// <summary>Copies what was read ahead; false, changing nothing, if it was not all.</summary>
    public bool TryTake(SegmentFile from, long offset, Span<byte> destination)
    {
        if (from != segment || offset < start || offset + destination.Length > start + count)
            return false;
        window.AsSpan((int)(offset - start), destination.Length).CopyTo(destination);
        end = offset + destination.Length;
        return true;
    }

    /// <summary>Reads from the file, and ahead if it lies close behind what was read last. Fewer bytes than asked for only at the end of the file.</summary>
    /// <exception cref="StoreUnavailableException">The disk failed.</exception>
    public int Read(SegmentFile from, long offset, Span<byte> destination)
    {
        bool isNear = from == segment && offset >= end && offset - end <= NearBytes;
        segment = from;
        end = offset + destination.Length;
        count = 0;
        if (!isNear)
            return from.Read(destination, offset);

        if (window.Length == 0)
            window = new byte[WindowBytes];
        count = from.Read(window, offset);
        start = offset;
        int read = Math.Min(count, destination.Length);
        window.AsSpan(0, read).CopyTo(destination);
        return read;
    }
}
