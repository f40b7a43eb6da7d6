using System.Buffers;
using RemoteExec.Cas.Stores.Segments;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>
/// Where a <see cref="LocalPresence"/> is kept: <c>checkpoint</c>, and in <c>manifests</c> a file for each pack that was added since: its length, and its manifest.
/// </summary>
/// <remarks>
/// A manifest is on the medium before the spool lets go of its pack, and gone from it before the pack's object may be deleted: so a power failure neither brings back an older value nor what was
/// forgotten. One that is damaged is ignored, and read from the bucket again.
/// </remarks>
internal sealed class PresenceFiles
{
    private readonly string directory;
    private readonly string manifests;
    private readonly HashSet<PackName> kept = []; // used by one caller at a time, who holds the presence
    private int count;

    /// <summary>Makes the directories.</summary>
    public PresenceFiles(string directory)
    {
        this.directory = directory;
        manifests = Path.Combine(directory, "manifests");
        Directory.CreateDirectory(manifests);
    }

    /// <summary>The checkpoint.</summary>
    public string CheckpointPath => Path.Combine(directory, "checkpoint");

    /// <summary>How many manifests there are.</summary>
    public int Manifests => Volatile.Read(ref count);

    /// <summary>Yields the manifests that are whole.</summary>
    public IEnumerable<(PackName Name, long Length, IReadOnlyList<PackEntry> Entries)> ReadManifests()
    {
        foreach (string path in Directory.GetFiles(manifests))
        {
            byte[] bytes = File.ReadAllBytes(path);
            if (!PackName.TryParse(Path.GetFileName(path), out PackName name) || bytes.Length < sizeof(long) || PackManifest.TryRead(bytes.AsSpan(sizeof(long))) is not { } entries)
            {
                File.Delete(path);
                continue;
            }

            kept.Add(name);
            Volatile.Write(ref count, kept.Count);
            yield return (name, BitConverter.ToInt64(bytes), entries);
        }
    }

    /// <summary>Keeps the manifest of a pack.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public void Keep(PackName pack, long packLength, IReadOnlyList<PackEntry> entries)
    {
        var bytes = new ArrayBufferWriter<byte>();
        PackManifest.Write(bytes, entries, packLength);
        string path = Path.Combine(manifests, pack.ToString());
        using (FileStream stream = StoreDirectory.CreateFile(path + ".new"))
        {
            stream.Write(BitConverter.GetBytes(packLength));
            stream.Write(bytes.WrittenSpan);
            FileFlush.Run(stream.SafeFileHandle);
        }

        File.Move(path + ".new", path, overwrite: true);
        DirectoryFlush.Run(manifests);
        kept.Add(pack);
        Volatile.Write(ref count, kept.Count);
    }

    /// <summary>Deletes the manifest of a pack, if there is one.</summary>
    public void Drop(PackName pack)
    {
        if (kept.Remove(pack))
            File.Delete(Path.Combine(manifests, pack.ToString()));
        Volatile.Write(ref count, kept.Count);
    }

    /// <summary>Deletes all manifests, for good.</summary>
    /// <exception cref="IOException">The disk failed: they may come back after a crash.</exception>
    public void DropManifests()
    {
        foreach (PackName pack in kept.ToArray())
            Drop(pack);
        DirectoryFlush.Run(manifests);
    }

    /// <summary>Replaces the checkpoint.</summary>
    /// <exception cref="IOException">The disk failed; the checkpoint before is still there.</exception>
    public void WriteCheckpoint(Action<FileStream> write)
    {
        string path = CheckpointPath;
        try
        {
            using FileStream stream = StoreDirectory.CreateFile(path + ".new");
            write(stream);
            stream.Flush();
            FileFlush.Run(stream.SafeFileHandle);
        }
        catch
        {
            File.Delete(path + ".new"); // what there is of it would only take space
            throw;
        }

        File.Move(path + ".new", path, overwrite: true);
        DirectoryFlush.Run(directory);
    }
}
