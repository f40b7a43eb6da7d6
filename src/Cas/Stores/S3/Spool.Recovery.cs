using RemoteExec.Cas.Stores.Segments;

namespace RemoteExec.Cas.Stores.S3;

/// <content>What an earlier process left, and what the power may take.</content>
internal sealed partial class Spool
{
    private readonly Lock flushing = new(); // guards the packs that are not flushed
    private HashSet<SpoolPack> unflushed = [];

    /// <summary>Takes up what an earlier process left: packs that are on the medium as they are, of others the records that are whole.</summary>
    /// <param name="isReplaced">
    /// Whether the value of a key in a pack of that name was replaced by one that is in the bucket: packs are not always uploaded in the order in which they were sealed.
    /// </param>
    /// <returns>How many blobs that were.</returns>
    /// <exception cref="CasException">The disk failed.</exception>
    /// <exception cref="IOException">The disk failed.</exception>
    public long Recover(Func<UInt128, PackName, bool> isReplaced)
    {
        foreach (string path in Directory.GetFiles(directory, "*.new"))
            File.Delete(path); // of a write that was never committed
        string[] paths = [.. Directory.GetFiles(directory, "*.pack"), .. Directory.GetFiles(directory, "*.sealed")];
        foreach (string path in paths.OrderBy(Path.GetFileNameWithoutExtension, StringComparer.Ordinal))
        {
            if (!PackName.TryParse(Path.GetFileNameWithoutExtension(path.AsSpan()), out PackName name))
                continue;
            clock.NotBefore(name.Order);
            SpoolPack pack = SpoolPack.Open(Index.NextNumber(), path, faults, IsVisible);
            if (path == PathOnMedium(name) && TryReadManifest(pack) is { } entries)
            {
                pack.Seal(name, path);
                Take(pack, entries, isReplaced);
            }
            else
            {
                Salvage(pack, name, isReplaced); // if the power failed, its list may have come to the medium and records not
            }
        }

        foreach (string path in Directory.GetFiles(directory, "*.open"))
            Salvage(SpoolPack.Open(Index.NextNumber(), path, faults, IsVisible), new PackName(clock.Next(), node), isReplaced);
        return Index.Count;
    }

    /// <summary>Takes up the records at the start of a pack that are whole, and nothing else of it.</summary>
    private void Salvage(SpoolPack pack, PackName name, Func<UInt128, PackName, bool> isReplaced)
    {
        var entries = new Dictionary<UInt128, PackEntry>();
        long end = Scan(pack, entry => entries[key.TagOf(entry.Record.Digest)] = entry);
        pack.Advance(end);
        if (end == 0)
        {
            pack.Release();
            File.Delete(pack.Path);
            return;
        }

        Seal(pack, entries.Values, name);
        Take(pack, [.. entries.Values], isReplaced);
    }

    /// <summary>
    /// Brings a sealed pack to the medium, before its upload begins: what the power damages was never uploaded, so that its name can be given to what is left of it, and no object is replaced by less.
    /// </summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public void Flush(SpoolPack pack)
    {
        pack.Flush(PathOnMedium);
        DirectoryFlush.Run(directory);
    }

    /// <summary>Brings to the medium what was written since the last time. What that fails for is tried again the next time.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public void Flush()
    {
        HashSet<SpoolPack> packs;
        lock (flushing)
            (packs, unflushed) = (unflushed, []);
        bool isDone = packs.Count == 0;
        try
        {
            foreach (SpoolPack pack in packs)
                pack.Flush(PathOnMedium);
            if (packs.Count > 0)
                DirectoryFlush.Run(directory);
            isDone = true;
        }
        finally
        {
            foreach (SpoolPack pack in packs)
            {
                if (!isDone)
                    MarkUnflushed(pack);
                pack.Release();
            }
        }
    }

    private void MarkUnflushed(SpoolPack pack)
    {
        lock (flushing)
        {
            if (unflushed.Add(pack))
                pack.Acquire();
        }
    }

    private void Take(SpoolPack pack, IReadOnlyList<PackEntry> entries, Func<UInt128, PackName, bool> isReplaced)
    {
        pack.Backlog = pack.Length;
        Interlocked.Add(ref backlog, pack.Backlog);
        Index.Add(pack);
        foreach (PackEntry entry in entries)
        {
            UInt128 tag = key.TagOf(entry.Record.Digest);
            if (!isReplaced(tag, pack.Name))
                Index.Set(tag, pack, entry);
        }

        MarkUnflushed(pack); // whether the earlier process had come to that is not known
        sealedPacks.Writer.TryWrite(pack);
    }

    /// <summary>Goes from record to record, values verified, and returns where the last whole one ended.</summary>
    private static long Scan(SpoolPack pack, Action<PackEntry> found)
    {
        var buffer = new byte[1 << 20];
        long offset = 0;
        while (true)
        {
            int read = pack.Read(buffer.AsSpan(0, PackRecord.MaxLength), offset);
            if (!PackRecord.TryRead(buffer.AsSpan(0, read), out PackRecord record) || offset + record.Length > pack.Length)
                return offset;
            var checksum = new Crc32C();
            long position = offset + record.HeaderLength;
            for (long left = record.ValueLength; left > 0;)
            {
                int count = pack.Read(buffer.AsSpan(0, (int)Math.Min(left, buffer.Length)), position);
                checksum.Append(buffer.AsSpan(0, count));
                position += count;
                left -= count;
            }

            if (checksum.Value != record.Checksum)
                return offset;
            found(new PackEntry(offset, record));
            offset += record.Length;
        }
    }
}
