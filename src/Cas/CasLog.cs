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

    // Stores that are made of others: 130 to 149.

    [LoggerMessage(130, LogLevel.Warning, "the store '{Node}' is out of reach: {Problem}. It is done without, and tried again every 1 to 30 s")]
    public static partial void NodeDown(ILogger logger, string node, string problem);

    // As loud as what it ends.
    [LoggerMessage(131, LogLevel.Warning, "the store '{Node}' is within reach again")]
    public static partial void NodeBack(ILogger logger, string node);

    [LoggerMessage(132, LogLevel.Warning, "{Count} copies in the background of store '{Store}' were dropped: too many waited, or the target did not take them")]
    public static partial void CopiesDropped(ILogger logger, long count, string store);

    // As loud as what it ends.
    [LoggerMessage(133, LogLevel.Warning, "store '{Store}' has caught up: what was written while a part of it was out of reach is everywhere where it belongs")]
    public static partial void CopiesCaughtUp(ILogger logger, string store);

    // Redis, and what stands in for it: 180 to 199.

    [LoggerMessage(180, LogLevel.Warning, "Redis of store '{Store}': {Problem}. What it can't answer is answered without it until it is well again; connecting goes on by itself")]
    public static partial void RedisProblem(ILogger logger, string store, string problem);

    [LoggerMessage(181, LogLevel.Warning, "Redis of store '{Store}' is well again")]
    public static partial void RedisWell(ILogger logger, string store);

    [LoggerMessage(182, LogLevel.Warning, "the first store of '{Store}' is out of reach: the second answers for it, and takes what is written ({Reason})")]
    public static partial void FallbackEntered(ILogger logger, string store, string reason);

    [LoggerMessage(183, LogLevel.Warning, "the first store of '{Store}' answers again")]
    public static partial void FallbackLeft(ILogger logger, string store);

    [LoggerMessage(184, LogLevel.Warning, "{Count} values of '{Store}' could not be brought to its first store before the server stopped: what that has in their place is older")]
    public static partial void FallbackDebtsLost(ILogger logger, string store, int count);

    [LoggerMessage(185, LogLevel.Warning, "{Count} values of '{Store}' can't be brought to its first store yet; it is tried again")]
    public static partial void FallbackDebtStays(ILogger logger, Exception reason, string store, int count);

    [LoggerMessage(186, LogLevel.Warning, "the second store of '{Store}' keeps an older value, which may be answered while the first is out of reach")]
    public static partial void FallbackCopyStays(ILogger logger, Exception reason, string store);

    [LoggerMessage(187, LogLevel.Warning, "store '{Store}' is out of reach: {Count} action results were not kept since this was last told ({Reason}). Builds go on without them; this is told once a minute")]
    public static partial void ResultsDropped(ILogger logger, string store, long count, string reason);

    // The S3 store: 150 to 179.

    [LoggerMessage(150, LogLevel.Warning, "store '{Store}' can't upload to its bucket, and tries again and again; {Backlog} bytes wait on the local disk: {Problem}")]
    public static partial void UploadFailed(ILogger logger, string store, long backlog, string problem);

    // As loud as what it ends: who reads of the one should read of the other.
    [LoggerMessage(151, LogLevel.Warning, "store '{Store}' uploads to its bucket again")]
    public static partial void UploadsGoOn(ILogger logger, string store);

    [LoggerMessage(152, LogLevel.Error, "store '{Store}' could not write what is going to be uploaded; it tries again every second. Look after the disk of its path")]
    public static partial void PackNotSealed(ILogger logger, Exception fault, string store);

    [LoggerMessage(153, LogLevel.Warning, "a record in {Pack} of store '{Store}' at {Offset} is damaged; its blob is dropped and reported missing")]
    public static partial void PackDamaged(ILogger logger, string store, string pack, long offset);

    [LoggerMessage(154, LogLevel.Warning, "{Packs} objects of store '{Store}', among them {Pack}, were deleted by others; their {Blobs} blobs are reported missing. See which rule of the bucket deletes them: the store needs none")]
    public static partial void PacksGone(ILogger logger, string store, int packs, string pack, long blobs);

    [LoggerMessage(155, LogLevel.Warning, "store '{Store}' could not write a checkpoint as it closed: the next start reads more from the bucket instead")]
    public static partial void NoPresenceCheckpoint(ILogger logger, Exception fault, string store);

    [LoggerMessage(156, LogLevel.Warning, "store '{Store}' takes the prefix '{Prefix}' from the node {Owner}, as takeOver says")]
    public static partial void PrefixTakenOver(ILogger logger, string store, string prefix, string owner);

    [LoggerMessage(157, LogLevel.Warning, "store '{Store}' starts without its bucket, from what its path has: {Problem}")]
    public static partial void BucketAwayAtStart(ILogger logger, string store, string problem);

    [LoggerMessage(158, LogLevel.Error, "the prefix of store '{Store}' belongs to another node by now: nothing is deleted there any more. Give this one a prefix of its own")]
    public static partial void PrefixLost(ILogger logger, string store);

    [LoggerMessage(159, LogLevel.Information, "store '{Store}' reads what {Packs} packs in its bucket hold, of which it does not know")]
    public static partial void RecoveryBegins(ILogger logger, string store, int packs);

    [LoggerMessage(160, LogLevel.Information, "store '{Store}' has read what {Packs} packs in its bucket hold: it finds {Blobs} blobs now")]
    public static partial void RecoveryEnded(ILogger logger, string store, int packs, long blobs);

    [LoggerMessage(161, LogLevel.Warning, "the end of the object {Pack} of store '{Store}' is damaged: what it holds is not found. Delete it, if nothing else is to be done about it")]
    public static partial void ManifestDamaged(ILogger logger, string store, string pack);

    [LoggerMessage(162, LogLevel.Warning, "store '{Store}' could not look after its bucket; it tries again in a minute: {Problem}")]
    public static partial void BucketNotTended(ILogger logger, string store, string problem);

    [LoggerMessage(163, LogLevel.Information, "store '{Store}' looked after its bucket: {Unused} unused blobs and {Excess} of the least recently used were dropped, {Moved} moved, {Deleted} packs deleted")]
    public static partial void BucketTended(ILogger logger, string store, long unused, long excess, long moved, int deleted);

    [LoggerMessage(164, LogLevel.Warning, "store '{Store}' has {Bytes} bytes in its bucket, more than its maxBytes, and all that could go was used in the last two hours. Raise its maxBytes")]
    public static partial void BucketTooSmall(ILogger logger, string store, long bytes);

    [LoggerMessage(165, LogLevel.Information, "store '{Store}' in bucket '{Bucket}': {Blobs} blobs are known, {Waiting} wait to be uploaded; opened in {Milliseconds} ms")]
    public static partial void BucketStoreOpened(ILogger logger, string store, string bucket, long blobs, long waiting, long milliseconds);

    [LoggerMessage(166, LogLevel.Warning, "store '{Store}' has not followed what the nodes that share its prefix do for half an hour: what is in the bucket is reported missing until Redis is back")]
    public static partial void PrefixUncertain(ILogger logger, string store);

    [LoggerMessage(167, LogLevel.Information, "store '{Store}' knows what is in the bucket that it shares, and finds it")]
    public static partial void PrefixCertain(ILogger logger, string store);

    [LoggerMessage(168, LogLevel.Warning, "Redis has lost what store '{Store}' told it, or has given the store up: all that is of use is told again")]
    public static partial void LogBegunAnew(ILogger logger, string store);

    [LoggerMessage(169, LogLevel.Warning, "store '{Store}' could not tell or hear what happens in the bucket that it shares: {Problem}")]
    public static partial void LogNotFollowed(ILogger logger, string store, string problem);
}
