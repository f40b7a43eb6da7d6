using RemoteExec.Native;

namespace RemoteExec.Worker.Caches;

/// <summary>One cache on the disk. What is not about the disk, nor about turns, belongs to the gate of <see cref="NamedCaches"/>.</summary>
/// <param name="key">Whose it is, and its name: as <see cref="CacheKey"/> makes it.</param>
/// <param name="path">Its directory: an absolute path.</param>
internal sealed class NamedCache(string key, string path)
{
    /// <summary>What an empty one takes of the disk, in bytes.</summary>
    public const long BytesOfItself = 16 * 1024;

    /// <summary>Whose it is.</summary>
    public string Key => key;

    /// <summary>Its directory.</summary>
    public string Path => path;

    /// <summary>What actions see of it.</summary>
    public string Files => $"{path}/files";

    /// <summary>Taken by who makes it, begins to use it, or changes it: one at a time.</summary>
    public SemaphoreSlim Turn { get; } = new(1);

    /// <summary>What it takes of the disk in bytes, as <see cref="DiskSpace"/> counts.</summary>
    public long Bytes { get; set; } = BytesOfItself;

    /// <summary>How many are about to use it, or use it.</summary>
    public int Pins { get; set; }

    /// <summary>Who uses it. Belongs to who has the turn.</summary>
    public List<CacheHold> Holds { get; } = [];

    /// <summary>True if it is to be deleted when the last user is gone, and nobody finds it any more.</summary>
    public bool IsDropped { get; set; }

    /// <summary>Its place among all, those that were used last at the end.</summary>
    public LinkedListNode<NamedCache>? Node { get; set; }

    private string KeyFile => $"{path}/key";

    private string SizeFile => $"{path}/size";

    private string BusyFile => $"{path}/busy";

    /// <summary>What an earlier worker left in a directory; null if that is nothing that can be used.</summary>
    public static NamedCache? TryRead(string path)
    {
        var found = new NamedCache("", path);
        if (File.Exists(found.BusyFile) || !File.Exists(found.KeyFile) || !File.Exists(found.SizeFile))
            return null;
        return long.TryParse(File.ReadAllText(found.SizeFile), System.Globalization.CultureInfo.InvariantCulture, out long bytes)
            ? new NamedCache(File.ReadAllText(found.KeyFile), path) { Bytes = bytes }
            : null;
    }

    /// <summary>Makes it on the disk, unless it is there.</summary>
    /// <param name="owner">Whom its files belong to; null for the worker's own user.</param>
    public void Make(uint? owner)
    {
        if (File.Exists(KeyFile))
            return;
        ScratchDirectory.Make(path, ScratchDirectory.Traversable);
        CacheDirectory.Make(Files, owner);
        MarkWhole(BytesOfItself);
        File.WriteAllText(KeyFile, key);
    }

    /// <summary>True if its files belong to a user, as they do unless an earlier worker ran actions otherwise.</summary>
    public bool IsOf(uint? owner) => FileStatus.Of(Files)?.UserId == (owner ?? FileStatus.Of(path)?.UserId);

    /// <summary>Notes that it is being changed: a worker that finds it so has to take it for broken.</summary>
    public void MarkBusy() => File.WriteAllText(BusyFile, "");

    /// <summary>Notes that it is whole again.</summary>
    public void MarkWhole(long bytes)
    {
        File.WriteAllText(SizeFile, bytes.ToString(System.Globalization.CultureInfo.InvariantCulture));
        File.Delete(BusyFile);
    }
}
