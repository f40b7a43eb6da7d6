using System.Buffers;
using Google.Protobuf;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol.Journals;

namespace RemoteExec.Execution.Journal;

/// <summary>Reads a journal's file from its beginning, and tells what was cut off by a process that died from what is damaged.</summary>
internal sealed class JournalFileReader(FileStream file)
{
    private const int WindowBytes = 64 * 1024;
    private readonly string path = file.Name;
    private long entries;

    /// <summary>What the snapshot takes that the file begins with.</summary>
    public long SnapshotBytes { get; private set; }

    /// <summary>Reads every batch that is whole.</summary>
    /// <param name="restore">Gets the entries.</param>
    /// <returns>Where the last whole batch ends; what comes behind was not written to its end. 0 if not even the head was.</returns>
    /// <exception cref="JournalDamagedException">The file is not as it was written.</exception>
    /// <exception cref="IOException">The disk failed.</exception>
    public long Read(Action<JournalEntry> restore)
    {
        long length = file.Length;
        if (length < JournalFileFormat.HeadBytes)
            return 0;
        using var input = new BufferedStream(file, WindowBytes);
        var head = new byte[JournalFileFormat.HeadBytes];
        input.ReadExactly(head);
        if (!JournalFileFormat.TryReadHead(head, out long snapshotBytes))
            throw new JournalDamagedException(path, 0, "it does not begin as a journal does", 0);
        SnapshotBytes = snapshotBytes;
        long end = JournalFileFormat.HeadBytes;
        while (ReadBatch(input, end, length) is { } batch)
        {
            end += JournalFileFormat.PrefixBytes + batch.CalculateSize();
            entries += batch.Entries.Count;
            foreach (JournalEntry entry in batch.Entries)
                restore(entry);
        }

        return end < JournalFileFormat.HeadBytes + snapshotBytes ? throw Damaged(end, "the snapshot at its beginning is cut off") : end;
    }

    private JournalBatch? ReadBatch(Stream input, long at, long length)
    {
        Span<byte> prefix = stackalloc byte[JournalFileFormat.PrefixBytes];
        if (length - at < prefix.Length)
            return null;
        input.ReadExactly(prefix);
        if (!JournalFileFormat.TryReadPrefix(prefix, out int size, out uint checksum))
            return !prefix.ContainsAnyExcept((byte)0) && IsZeroFromHere(input) ? null : throw Damaged(at, "the length of an entry is damaged");
        long rest = length - at - prefix.Length;
        if (size > rest)
            return null;
        byte[] bytes = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            Span<byte> content = bytes.AsSpan(0, size);
            input.ReadExactly(content);
            if (Crc32C.Compute(content) == checksum)
                return JournalBatch.Parser.ParseFrom(content);
            return size == rest ? null : throw Damaged(at, "the content of an entry is damaged");
        }
        catch (InvalidProtocolBufferException)
        {
            throw Damaged(at, "an entry is none that this program knows");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    // After a power failure a file may be as long as it was to become, and have nothing there.
    private static bool IsZeroFromHere(Stream input)
    {
        var window = new byte[WindowBytes];
        for (int count; (count = input.Read(window)) > 0;)
        {
            if (window.AsSpan(0, count).ContainsAnyExcept((byte)0))
                return false;
        }

        return true;
    }

    private JournalDamagedException Damaged(long at, string problem) => new(path, at, problem, entries);
}
