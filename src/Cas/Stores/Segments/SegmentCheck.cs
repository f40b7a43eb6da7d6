using Microsoft.Extensions.Logging;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>Reads a store that nobody has open, every byte of it, and tells what is damaged.</summary>
public static class SegmentCheck
{
    /// <summary>True if a directory is that of a store, be it one that lacks its format file.</summary>
    public static bool IsStore(string path) => File.Exists(Path.Combine(path, StoreDirectory.FormatFile)) || StoreDirectory.SegmentsIn(path).Any();

    /// <summary>The bytes that checking a store reads.</summary>
    public static long BytesOf(string path) => StoreDirectory.SegmentsIn(path).Sum(segment => new FileInfo(segment.Path).Length);

    /// <summary>Checks a store.</summary>
    /// <param name="path">Its directory.</param>
    /// <param name="repair">True to drop what is damaged and to make the index anew.</param>
    /// <param name="logger">For what the store logs.</param>
    /// <param name="progress">Is told the bytes that were read since it was told the last time.</param>
    /// <param name="cancellationToken">Ends it; nothing is lost by that.</param>
    /// <exception cref="StoreLockedException">A server has it open.</exception>
    /// <exception cref="StoreFormatException">It is no store, or one of another version.</exception>
    /// <exception cref="StoreUnavailableException">The disk failed.</exception>
    public static async Task<SegmentCheckReport> RunAsync(
        string path, bool repair, ILogger logger, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        SegmentCheckReport report = await Task.Run(() => Read(path, repair, logger, progress, cancellationToken), cancellationToken);
        if (!repair || (report.DamagedRecords == 0 && report.HasCheckpoint))
            return report;

        // Without checkpoints the store reads everything, drops what is damaged, and writes a new one when it is closed.
        using (StoreDirectory directory = StoreDirectory.Open(path, logger))
        {
            File.Delete(directory.CheckpointPath);
            File.Delete(directory.OldCheckpointPath);
        }

        var options = new SegmentStoreOptions { Name = path, Path = path, MaxBytes = long.MaxValue / 2 }; // so that nothing is evicted
        await using (await SegmentStore.OpenAsync(options, logger, TimeProvider.System, cancellationToken))
            return report with { IsRepaired = true };
    }

    private static SegmentCheckReport Read(string path, bool repair, ILogger logger, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        try
        {
            using StoreDirectory directory = StoreDirectory.Open(path, logger);
            int segments = 0;
            long bytes = 0, records = 0, damaged = 0;
            var damagedSegments = new List<string>();
            foreach ((string file, int number, bool isSingle) in directory.Segments())
            {
                SegmentFile segment = SegmentFile.Open(new StorageFaults(path, logger, TimeProvider.System), file, number, isSingle);
                try
                {
                    using var scanner = new RecordScanner(segment, directory.Key);
                    long told = 0;
                    foreach ((RecordPlace place, RecordHeader header) in scanner.Scan(0, cancellationToken))
                    {
                        records++;
                        progress?.Report(scanner.End - told);
                        told = scanner.End;
                    }

                    progress?.Report(segment.FileLength - told);
                    segments++;
                    bytes += segment.FileLength;
                    damaged += scanner.Damaged;
                    if (scanner.Damaged > 0)
                        damagedSegments.Add(file);
                    foreach (long offset in repair ? scanner.DamagedOffsets : [])
                        segment.Write(new byte[RecordHeader.Alignment], offset); // without its beginning, a header is none
                }
                finally
                {
                    segment.Release();
                }
            }

            return new SegmentCheckReport(path, segments, bytes, records, damaged, damagedSegments, segments == 0 || HasCheckpoint(directory), IsRepaired: false);
        }
        catch (IOException fault)
        {
            throw new StoreUnavailableException(path, fault);
        }
    }

    private static bool HasCheckpoint(StoreDirectory directory)
    {
        using CheckpointReader? checkpoint = CheckpointReader.TryOpen(directory.CheckpointPath);
        return checkpoint is not null && Enumerable.Range(0, SegmentIndex.Shards).All(number => checkpoint.TryLoad(number, new IndexShard(number)));
    }
}
