using Microsoft.Extensions.Logging;

namespace RemoteExec.Builds;

internal static partial class BuildsLog
{
    [LoggerMessage(1, LogLevel.Warning, "The records of builds in '{Path}' can't be used; they were set aside as '{SetAside}', and others begun")]
    public static partial void DatabaseSetAside(ILogger logger, Exception exception, string path, string setAside);

    [LoggerMessage(20, LogLevel.Warning, "Why actions miss can't be written down; those since the last batch are not explained")]
    public static partial void HistoryFailed(ILogger logger, Exception exception);

    [LoggerMessage(21, LogLevel.Debug, "Action {Action} is not explained: storage failed")]
    public static partial void ActionNotExplained(ILogger logger, Exception exception, RemoteExec.Protocol.Digest action);

    [LoggerMessage(2, LogLevel.Warning, "What builds do can't be written down; it is tried again, and what is lost until then is lost")]
    public static partial void NotWritten(ILogger logger, Exception exception);

    [LoggerMessage(3, LogLevel.Information, "What builds do is written down again")]
    public static partial void WrittenAgain(ILogger logger);

    [LoggerMessage(30, LogLevel.Warning, "The events of builds can't be written down; clients are told to send them again, and may fail if that goes on")]
    public static partial void EventsNotWritten(ILogger logger, Exception exception);

    [LoggerMessage(31, LogLevel.Information, "The events of builds are written down again")]
    public static partial void EventsWrittenAgain(ILogger logger);

    [LoggerMessage(22, LogLevel.Warning, "Action {Action} can't be explained: something about it was not foreseen")]
    public static partial void ActionNotUnderstood(ILogger logger, Exception exception, RemoteExec.Protocol.Digest action);

    [LoggerMessage(30, LogLevel.Warning, "What builds do is not shared with other servers, because of Redis: {Problem}. This server goes on alone, and what it has to tell waits")]
    public static partial void RedisAway(ILogger logger, string problem);

    [LoggerMessage(31, LogLevel.Information, "What builds do is shared with other servers again")]
    public static partial void SharedAgain(ILogger logger);

    [LoggerMessage(32, LogLevel.Warning, "What builds do can't be read to be shared with other servers; it is tried again")]
    public static partial void NotShared(ILogger logger, Exception exception);

    [LoggerMessage(33, LogLevel.Warning, "{Count} batches of what other servers tell of builds were gone before this one read them: it, or Redis, was away for too long. What is in them is not shown here")]
    public static partial void BatchesMissed(ILogger logger, long count);

    [LoggerMessage(34, LogLevel.Warning, "{Count} batches of what builds do here will not be seen by other servers: too many waited for Redis")]
    public static partial void BatchesDropped(ILogger logger, long count);

    [LoggerMessage(35, LogLevel.Warning, "Another server tells what this version does not understand of builds; it is passed over, as is more of it. Bring all servers to one version")]
    public static partial void BatchesNotUnderstood(ILogger logger);
}
