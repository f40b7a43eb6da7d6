namespace RemoteExec.Cas.Stores.S3;

/// <summary>A pack in the bucket.</summary>
/// <param name="number">What stands for it in the index.</param>
/// <param name="name">Its name.</param>
/// <param name="length">How long it is.</param>
internal sealed class KnownPack(int number, PackName name, long length)
{
    private long live;
    private uint lastUse;
    private volatile bool isLeaving;

    /// <summary>What stands for it in the index.</summary>
    public int Number => number;

    /// <summary>Its name.</summary>
    public PackName Name => name;

    /// <summary>How long it is.</summary>
    public long Length => length;

    /// <summary>About how many of its bytes are those of blobs that are found.</summary>
    public long LiveBytes => Interlocked.Read(ref live);

    /// <summary>The hour of the last use of what it holds that this process knows of; 0 if of none.</summary>
    public uint LastUse => Volatile.Read(ref lastUse);

    /// <summary>The hour that other nodes were told.</summary>
    public uint ToldUse { get; set; }

    /// <summary>True if it is about to be deleted: what it holds can still be read, but is missing.</summary>
    public bool IsLeaving
    {
        get => isLeaving;
        set => isLeaving = value;
    }

    /// <summary>Something that it holds is used; true if that is the first time in an hour.</summary>
    public bool Use(uint hour)
    {
        for (uint before = LastUse; before < hour; before = LastUse)
        {
            if (Interlocked.CompareExchange(ref lastUse, hour, before) == before)
                return true;
        }

        return false;
    }

    /// <summary>Counts bytes that begin to be found, or end.</summary>
    public void AddLive(long bytes) => Interlocked.Add(ref live, bytes);
}
