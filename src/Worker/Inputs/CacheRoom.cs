namespace RemoteExec.Worker.Inputs;

/// <summary>
/// The room that files and trees kept for later actions share: what was used last stays, up to two bounds. What is in use is kept beyond them. May be called
/// concurrently.
/// </summary>
/// <remarks>
/// A tree is made of links to cached files. It pins these files, so that each is counted once, for as long as it takes up the disk. What is dropped is
/// whatever was not used for longest, file or tree; the files that only a dropped tree had pinned count as unused for even longer than all else.
/// </remarks>
/// <param name="maxBytes">The bound on the bytes.</param>
/// <param name="maxNodes">The bound on files, directories and symlinks.</param>
internal sealed class CacheRoom(long maxBytes, int maxNodes)
{
    private readonly LinkedList<CacheEntry> unused = []; // the one that was not used for longest first
    private long usedBytes;
    private long usedNodes;

    /// <summary>Guards what is in the room, and who uses it; also the caches' dictionaries.</summary>
    public Lock Gate { get; } = new();

    /// <summary>The bound on the bytes.</summary>
    public long MaxBytes => maxBytes;

    /// <summary>The bound on files, directories and symlinks.</summary>
    public int MaxNodes => maxNodes;

    /// <summary>The sum of the bytes of all that is there.</summary>
    public long UsedBytes
    {
        get
        {
            lock (Gate)
                return usedBytes;
        }
    }

    /// <summary>Uses an entry, which stays until it is released as often. The caller holds the gate.</summary>
    public void Pin(CacheEntry entry)
    {
        if (entry.Pins++ == 0 && entry.Node.List is not null)
            unused.Remove(entry.Node);
    }

    /// <summary>Counts an entry as used last, also if a tree that has pinned it goes before it. The caller holds the gate.</summary>
    public void Touch(CacheEntry entry)
    {
        entry.IsToStay = true;
        if (entry.Node.List is null)
            return;
        unused.Remove(entry.Node);
        unused.AddLast(entry.Node);
    }

    /// <summary>Counts an entry, which the caller uses, as there. The caller holds the gate.</summary>
    public void Add(CacheEntry entry)
    {
        entry.TakesRoom = true;
        usedBytes += entry.Bytes;
        usedNodes += entry.Nodes;
    }

    /// <summary>Ends a use of an entry, and deletes what there is too much of.</summary>
    public void Unpin(CacheEntry entry) => Unpin(new ReadOnlySpan<CacheEntry>(in entry));

    /// <summary>Ends a use of each of several entries, and deletes what there is too much of.</summary>
    public void Unpin(ReadOnlySpan<CacheEntry> entries)
    {
        List<CacheEntry>? dropped = null;
        lock (Gate)
        {
            foreach (CacheEntry entry in entries)
            {
                if (--entry.Pins == 0 && entry.TakesRoom)
                    unused.AddLast(entry.Node);
            }

            while ((usedBytes > maxBytes || usedNodes > maxNodes) && unused.First is { } oldest)
            {
                unused.Remove(oldest);
                Drop(oldest.Value);
                (dropped ??= []).Add(oldest.Value);
            }
        }

        dropped?.ForEach(static entry => entry.Delete());
    }

    /// <summary>Ends a use of a file by a tree that is gone. The caller holds the gate.</summary>
    public void UnpinFirstToGo(CacheEntry entry)
    {
        if (--entry.Pins > 0)
            return;
        if (entry.IsToStay)
            unused.AddLast(entry.Node);
        else
            unused.AddFirst(entry.Node);
        entry.IsToStay = false;
    }

    private void Drop(CacheEntry entry)
    {
        entry.TakesRoom = false;
        usedBytes -= entry.Bytes;
        usedNodes -= entry.Nodes;
        entry.Forget();
    }
}
