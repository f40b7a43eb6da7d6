using System.Buffers.Binary;
using System.Text;

namespace RemoteExec.TestKit;

/// <summary>What happened to a disk, as tests/CrashHost/faulty_disk.c took it down; it can be stopped at any moment by a power failure (<see cref="SimulatedDisk"/>).</summary>
internal sealed class DiskJournal
{
    private const int HeadBytes = 32;

    private DiskJournal(IReadOnlyList<DiskEvent> events) => Events = events;

    /// <summary>The events in their order.</summary>
    public IReadOnlyList<DiskEvent> Events { get; }

    /// <summary>Reads a journal; one that ends within a record does so because its process was killed.</summary>
    public static async Task<DiskJournal> ReadAsync(string path)
    {
        byte[] bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        List<DiskEvent> events = [];
        for (int at = 0; at + HeadBytes <= bytes.Length;)
        {
            ReadOnlySpan<byte> head = bytes.AsSpan(at, HeadBytes);
            int length = (int)BinaryPrimitives.ReadInt64LittleEndian(head[24..]);
            if (at + HeadBytes + length > bytes.Length)
                break;
            events.Add(new DiskEvent(
                at, (DiskEventKind)BinaryPrimitives.ReadInt32LittleEndian(head), BinaryPrimitives.ReadInt32LittleEndian(head[4..]),
                BinaryPrimitives.ReadInt64LittleEndian(head[8..]), bytes.AsMemory(at + HeadBytes, length)));
            at += HeadBytes + length;
        }

        return new DiskJournal(events);
    }

    /// <summary>The lines that the process had printed before one of the events.</summary>
    public IEnumerable<string> LinesBefore(int count)
    {
        var text = new StringBuilder();
        foreach (DiskEvent happened in Events.Take(count).Where(happened => happened.Kind is DiskEventKind.Said or DiskEventKind.Started))
        {
            if (happened.Kind == DiskEventKind.Started && text.Length > 0 && text[^1] != '\n')
                text.Length = text.ToString().LastIndexOf('\n') + 1; // the process before was killed in the middle of a line
            text.Append(Encoding.UTF8.GetString(happened.Bytes.Span));
        }

        string[] lines = text.ToString().Split('\n');
        return lines[..^1]; // the last one is not finished, or empty
    }
}

/// <summary>What a <see cref="DiskEvent"/> tells of; the numbers are those of faulty_disk.c.</summary>
internal enum DiskEventKind
{
    Started = 1,
    Created,
    Opened,
    Renamed,
    Unlinked,
    Written,
    Cut,
    Synced,
    SyncFailed,
    Said,
    Made,
    Listed,
}

/// <param name="Position">Where it stands in the journal.</param>
/// <param name="Kind">What it is.</param>
/// <param name="File">The number of the open file; 0 for the directory.</param>
/// <param name="Number">An offset, a length, or for a sync the position in the journal at which it began.</param>
/// <param name="Bytes">What was written or said; or the names, with a zero after the first.</param>
internal readonly record struct DiskEvent(long Position, DiskEventKind Kind, int File, long Number, ReadOnlyMemory<byte> Bytes)
{
    public (string First, string Second) Names
    {
        get
        {
            string[] names = Encoding.UTF8.GetString(Bytes.Span).Split('\0');
            return (names[0], names[1]);
        }
    }
}
