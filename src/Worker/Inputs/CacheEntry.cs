namespace RemoteExec.Worker.Inputs;

/// <summary>Something on disk that is kept for later actions. Everything but <see cref="Delete"/> belongs to the <see cref="CacheRoom"/>'s gate.</summary>
internal abstract class CacheEntry
{
    protected CacheEntry(string path)
    {
        Path = path;
        Node = new LinkedListNode<CacheEntry>(this);
    }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>What it takes of the room in bytes; set before it takes room.</summary>
    public long Bytes { get; set; }

    /// <summary>How many files, directories and symlinks it takes; set before it takes room.</summary>
    public int Nodes { get; set; }

    /// <summary>How many use it now.</summary>
    internal int Pins { get; set; }

    /// <summary>True while it counts as there.</summary>
    internal bool TakesRoom { get; set; }

    /// <summary>True if it is wanted for itself, when a tree that has pinned it goes.</summary>
    internal bool IsToStay { get; set; }

    /// <summary>Its place among what nobody uses.</summary>
    internal LinkedListNode<CacheEntry> Node { get; }

    /// <summary>Makes its cache forget it. Called with the gate held.</summary>
    public abstract void Forget();

    /// <summary>Deletes it from the disk, after it was forgotten.</summary>
    public abstract void Delete();
}
