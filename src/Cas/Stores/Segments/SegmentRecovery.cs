using Microsoft.Extensions.Logging;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// Fills the log of a store that is being opened: from the last checkpoint, and from the segments themselves where it does not reach.
/// Damaged data is dropped and counted, and never stops it.
/// </summary>
internal sealed class SegmentRecovery(
    StoreDirectory directory, SegmentLog log, Durability durability, StorageFaults faults, ILogger logger, TimeProvider timeProvider)
{
    // Without the newest checkpoint we can't know the highest number that was ever used: numbers go on far beyond what it could be.
    private const int NumbersToSkip = 1_000_000;

    /// <summary>Records read back.</summary>
    public long RecoveredRecords { get; private set; }

    /// <summary>Records dropped because they are damaged.</summary>
    public long DamagedRecords { get; private set; }

    /// <summary>How long it took.</summary>
    public TimeSpan Duration { get; private set; }

    /// <summary>True if the store is not as its last checkpoint says, so that another one should be written.</summary>
    public bool HasChanged { get; private set; }

    /// <summary>Does it.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    /// <exception cref="StoreUnavailableException">The disk failed.</exception>
    public void Run(CancellationToken cancellationToken)
    {
        long started = timeProvider.GetTimestamp();
        CheckpointHead? checkpoint = LoadCheckpoint(cancellationToken);
        Dictionary<int, long> covered = OpenSegments(checkpoint);
        log.Confirm(covered, cancellationToken);

        SegmentFile? last = null;
        SegmentFile[] all = [.. log.Segments().OrderBy(segment => segment.Number)];
        IReadOnlyDictionary<SegmentFile, SegmentScanResult> found =
            new SegmentScan(log, directory.Key).Run([.. all.Select(segment => (segment, covered.GetValueOrDefault(segment.Number)))], cancellationToken);
        foreach (SegmentFile segment in all)
        {
            Take(segment, found[segment]);
            if (segment.LiveBytes == 0)
            {
                log.RemoveSegment(segment);
                directory.Delete(segment);
                log.Left(segment);
            }
            else if (!segment.IsSingle && segment.Tail < log.SegmentBytes)
            {
                last = segment;
            }
        }

        // Not after damage, which makes a file shorter than what a checkpoint says of it: space is never used twice under one checkpoint.
        if (last is not null && !HasBeenCut(last, checkpoint))
            log.Resume(last);
        if (HasChanged && durability == Durability.Always)
            log.Flush(); // what was read back is about to be found: it may have been written, and never flushed, before a kill
        Duration = timeProvider.GetElapsedTime(started);
    }

    private CheckpointHead? LoadCheckpoint(CancellationToken cancellationToken)
    {
        if (Load(directory.CheckpointPath, cancellationToken) is { } newest)
        {
            log.Restore(newest.NextNumber, newest.Era, newest.Sequence);
            return newest;
        }

        HasChanged = directory.Segments().Any();
        CheckpointHead? old = Load(directory.OldCheckpointPath, cancellationToken);
        if (File.Exists(directory.CheckpointPath) || old is not null)
            CasLog.CheckpointDamaged(logger, directory.CheckpointPath);
        if (old is not null)
            log.Restore(old.NextNumber + NumbersToSkip, old.Era, old.Sequence);
        return old;
    }

    private CheckpointHead? Load(string path, CancellationToken cancellationToken)
    {
        using CheckpointReader? checkpoint = CheckpointReader.TryOpen(path);
        return checkpoint is not null && log.TryRestore(checkpoint, cancellationToken) ? checkpoint.Head : null;
    }

    /// <summary>Opens the files in the order of eviction, and says how far the checkpoint can be believed for each.</summary>
    private Dictionary<int, long> OpenSegments(CheckpointHead? head)
    {
        var covered = new Dictionary<int, long>();
        Dictionary<int, SegmentFile> files = directory.Segments()
            .Select(file => SegmentFile.Open(faults, file.Path, file.Number, file.IsSingle))
            .ToDictionary(file => file.Number);
        foreach (CoveredSegment segment in head?.Segments ?? [])
        {
            if (!files.Remove(segment.Number, out SegmentFile? file))
                continue;
            file.ForgottenEra = segment.ForgottenEra;
            file.IsDoubtful = segment.End == CoveredSegment.Doubtful;
            covered[segment.Number] = file.IsDoubtful || file.Tail < segment.End ? 0 : segment.End;
            log.Restore(file);
        }

        foreach (SegmentFile file in files.Values.OrderBy(file => file.Number))
            log.Restore(file);
        return covered;
    }

    private void Take(SegmentFile segment, SegmentScanResult found)
    {
        if (found.End < segment.FileLength)
            segment.Truncate(found.End);
        segment.Tail = found.End;
        if (found.Records == 0 && found.Damaged == 0)
            return;
        HasChanged = true;
        RecoveredRecords += found.Records;
        DamagedRecords += found.Damaged;
        CasLog.SegmentScanned(logger, segment.Path, found.Records, found.Damaged);
    }

    private static bool HasBeenCut(SegmentFile segment, CheckpointHead? head) =>
        head is not null && head.Segments.Any(covered => covered.Number == segment.Number && segment.Tail < covered.End);
}
