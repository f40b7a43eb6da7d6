namespace RemoteExec.Cas.Stores.S3;

/// <summary>A pack in the bucket.</summary>
/// <param name="number">What stands for it in the index.</param>
/// <param name="name">Its name.</param>
/// <param name="length">How long it is.</param>
internal sealed class KnownPack(int number, PackName name, long length)
{
    private long live;

    /// <summary>What stands for it in the index.</summary>
    public int Number => number;

    /// <summary>Its name.</summary>
    public PackName Name => name;

    /// <summary>How long it is.</summary>
    public long Length => length;

    /// <summary>About how many of its bytes are those of blobs that are found.</summary>
    public long LiveBytes => Interlocked.Read(ref live);

    /// <summary>Counts bytes that begin to be found, or end.</summary>
    public void AddLive(long bytes) => Interlocked.Add(ref live, bytes);
}
