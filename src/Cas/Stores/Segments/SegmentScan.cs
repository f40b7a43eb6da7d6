using System.Runtime.ExceptionServices;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// Reads segments back, several at a time, and adds what it finds to the log: while one processor goes from record to record, others put what it found before in its place.
/// </summary>
internal sealed class SegmentScan(SegmentLog log, StoreKey key)
{
    private const int BatchRecords = 1 << 18; // 15 MB, and each visits every shard of the index once

    private readonly Lock gate = new(); // guards the results
    private readonly Dictionary<SegmentFile, SegmentScanResult> results = [];

    /// <summary>Adds to the log what is found from an offset of each segment on.</summary>
    /// <exception cref="StoreUnavailableException">The disk failed.</exception>
    public IReadOnlyDictionary<SegmentFile, SegmentScanResult> Run(IReadOnlyList<(SegmentFile Segment, long Start)> segments, CancellationToken cancellationToken)
    {
        try
        {
            Parallel.ForEach(
                segments, new ParallelOptions { CancellationToken = cancellationToken }, segment => Scan(segment.Segment, segment.Start, cancellationToken));
        }
        catch (AggregateException exception)
        {
            ExceptionDispatchInfo.Throw(exception.InnerExceptions[0]);
        }

        return results;
    }

    private void Scan(SegmentFile segment, long start, CancellationToken cancellationToken)
    {
        int records = 0;
        using var scanner = new RecordScanner(segment, key);
        Parallel.ForEach(
            scanner.Scan(start, cancellationToken).Select(found => Describe(found.Place, found.Header)).Chunk(BatchRecords),
            new ParallelOptions { CancellationToken = cancellationToken },
            batch =>
            {
                Interlocked.Add(ref records, batch.Length);
                Array.Sort(Array.ConvertAll(batch, record => SegmentIndex.OrderOf(record.Tag)), batch);
                log.Restore(batch);
            });
        lock (gate)
            results[segment] = new SegmentScanResult(scanner.End, records, scanner.Damaged);
    }

    private FoundRecord Describe(RecordPlace place, in RecordHeader header) =>
        new(key.TagOf(header.Digest), place, header.ValueLength, header.Digest.SizeBytes, header.Sequence);
}
