using Microsoft.Extensions.Logging;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>Fills the log of a store that is being opened from what is on disk. Damaged data is dropped and counted, and never stops it.</summary>
internal sealed class SegmentRecovery(SegmentStoreOptions options, StoreDirectory directory, SegmentLog log, ILogger logger, TimeProvider timeProvider)
{
    private readonly byte[] headerBytes = new byte[RecordHeader.MaxLength];

    /// <summary>Records read back.</summary>
    public long RecoveredRecords { get; private set; }

    /// <summary>Records dropped because they are damaged.</summary>
    public long DamagedRecords { get; private set; }

    /// <summary>How long it took.</summary>
    public TimeSpan Duration { get; private set; }

    /// <summary>Does it.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    /// <exception cref="StoreUnavailableException">The disk failed.</exception>
    public void Run(CancellationToken cancellationToken)
    {
        long started = timeProvider.GetTimestamp();
        foreach ((string path, int number, bool isSingle) in directory.Segments())
            log.Restore(SegmentFile.Open(options.Name, path, number, isSingle));
        foreach (SegmentFile segment in log.Segments())
            Scan(segment, 0, cancellationToken);
        log.Resume();
        Duration = timeProvider.GetElapsedTime(started);
    }

    private void Scan(SegmentFile segment, long start, CancellationToken cancellationToken)
    {
        using var scanner = new RecordScanner(segment, directory.Key);
        int records = 0;
        foreach ((RecordPlace place, RecordHeader header) in scanner.Scan(start, cancellationToken))
        {
            records++;
            log.Restore(directory.Key.TagOf(header.Digest), place, header, SequenceAt);
        }

        RecoveredRecords += records;
        DamagedRecords += scanner.Damaged;
        if (records > 0 || scanner.Damaged > 0)
            CasLog.SegmentScanned(logger, segment.Path, records, scanner.Damaged);
        if (scanner.End < segment.FileLength)
            segment.Truncate(scanner.End);
        segment.Tail = scanner.End; // a record's padding may be missing at the end of the file
    }

    /// <summary>The sequence number of a record; 0 if it can't be read.</summary>
    private long SequenceAt(SegmentFile segment, RecordPlace place)
    {
        int read = segment.Read(headerBytes, place.Offset);
        return RecordHeader.TryRead(headerBytes.AsSpan(0, read), directory.Key, place, out RecordHeader header) ? header.Sequence : 0;
    }
}
