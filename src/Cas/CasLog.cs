using Microsoft.Extensions.Logging;

namespace RemoteExec.Cas;

/// <summary>The log messages of this project.</summary>
internal static partial class CasLog
{
    // The segment store: 100 to 119.

    [LoggerMessage(100, LogLevel.Warning, "a record in {Segment} at {Offset} is damaged; its blob is dropped and reported missing")]
    public static partial void RecordDamaged(ILogger logger, string segment, long offset);

    [LoggerMessage(102, LogLevel.Error, "the evicted segment {Segment} could not be deleted: delete it by hand while the server is stopped")]
    public static partial void SegmentNotDeleted(ILogger logger, Exception fault, string segment);

    [LoggerMessage(103, LogLevel.Information, "{Segment} was read back: {Records} records, and {Damaged} damaged ones, which are dropped")]
    public static partial void SegmentScanned(ILogger logger, string segment, int records, int damaged);

    [LoggerMessage(104, LogLevel.Information, "evicted {Segment}: {Bytes} bytes with {Dropped} blobs; {Moved} blobs in use were moved")]
    public static partial void SegmentEvicted(ILogger logger, string segment, long bytes, int dropped, int moved);

    [LoggerMessage(105, LogLevel.Error, "the store's background work failed; it is tried again when the next segment is full")]
    public static partial void MaintenanceFailed(ILogger logger, Exception fault);

    [LoggerMessage(106, LogLevel.Warning, "the checkpoint {Checkpoint} is missing or damaged: segments are read back instead, which takes longer")]
    public static partial void CheckpointDamaged(ILogger logger, string checkpoint);

    [LoggerMessage(107, LogLevel.Error, "the disk of store '{Store}' is full: it keeps to {Bytes} bytes until there is space again. Free some, or lower its maxBytes")]
    public static partial void DiskFull(ILogger logger, string store, long bytes);

    // As loud as what it ends: who reads of the one should read of the other.
    [LoggerMessage(110, LogLevel.Warning, "the disk of store '{Store}' has space again: it may take {Bytes} bytes, as configured")]
    public static partial void DiskFree(ILogger logger, string store, long bytes);

    [LoggerMessage(111, LogLevel.Warning, "store '{Store}' could not write a checkpoint as it closed: the next start reads segments back instead, which takes longer")]
    public static partial void NoLastCheckpoint(ILogger logger, Exception fault, string store);

    [LoggerMessage(112, LogLevel.Error, "the disk of store '{Store}' fails: {Problem}. Clients are told that the store is unavailable; here it is told once a minute. Look after the disk")]
    public static partial void DiskFailed(ILogger logger, string store, string problem);

    [LoggerMessage(113, LogLevel.Warning, "store '{Store}' is too small for the builds under way, for which it keeps {Bytes} bytes: what the oldest of them used is evicted like anything else. Raise its maxBytes")]
    public static partial void BuildNotProtected(ILogger logger, string store, long bytes);

    [LoggerMessage(114, LogLevel.Information, "the file system of store '{Store}' does not reserve space ({Reason}): a full disk is met amid a write, and not before")]
    public static partial void SpaceNotReserved(ILogger logger, string store, string reason);

    [LoggerMessage(115, LogLevel.Warning, "the disk of store '{Store}' has only {Free} bytes left: the store shrinks, to {Bytes} bytes for now, until there is more. Free some, or lower its maxBytes")]
    public static partial void DiskScarce(ILogger logger, string store, long free, long bytes);

    [LoggerMessage(109, LogLevel.Error, "{Segment} could not be brought to the disk: blobs written lately are lost if the power fails. Look after the disk")]
    public static partial void FlushFailed(ILogger logger, Exception fault, string segment);

    [LoggerMessage(108, LogLevel.Information, "store '{Store}' in {Path}: {Blobs} blobs in {Segments} segments, opened in {Milliseconds} ms")]
    public static partial void StoreOpened(ILogger logger, string store, string path, long blobs, int segments, long milliseconds);

    // Redis, and what stands in for it: 180 to 199.

    [LoggerMessage(180, LogLevel.Warning, "Redis of store '{Store}': {Problem}. What it can't answer is answered without it until it is well again; connecting goes on by itself")]
    public static partial void RedisProblem(ILogger logger, string store, string problem);

    [LoggerMessage(181, LogLevel.Warning, "Redis of store '{Store}' is well again")]
    public static partial void RedisWell(ILogger logger, string store);
}
