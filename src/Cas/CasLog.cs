using Microsoft.Extensions.Logging;

namespace RemoteExec.Cas;

/// <summary>The log messages of this project.</summary>
internal static partial class CasLog
{
    // The segment store: 100 to 119.

    [LoggerMessage(100, LogLevel.Warning, "a record in {Segment} at {Offset} is damaged; its blob is dropped and reported missing")]
    public static partial void RecordDamaged(ILogger logger, string segment, long offset);

    [LoggerMessage(101, LogLevel.Warning, "a replaced record in {Segment} at {Offset} could not be marked")]
    public static partial void RecordNotRetired(ILogger logger, Exception fault, string segment, long offset);

    [LoggerMessage(102, LogLevel.Error, "the evicted segment {Segment} could not be deleted: delete it by hand while the server is stopped")]
    public static partial void SegmentNotDeleted(ILogger logger, Exception fault, string segment);

    [LoggerMessage(103, LogLevel.Information, "{Segment} was read back: {Records} records, and {Damaged} damaged ones, which are dropped")]
    public static partial void SegmentScanned(ILogger logger, string segment, int records, int damaged);
}
