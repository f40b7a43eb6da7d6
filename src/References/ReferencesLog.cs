using Microsoft.Extensions.Logging;
using RemoteExec.Protocol;

namespace RemoteExec.References;

/// <summary>The log messages of this project.</summary>
internal static partial class ReferencesLog
{
    [LoggerMessage(700, LogLevel.Warning, "What references name could not be looked through, so that it may be evicted; it is tried again")]
    public static partial void RoundFailed(ILogger logger, Exception exception);

    [LoggerMessage(701, LogLevel.Error, "The cache lacks {Count} blobs of reference {Name}, as {Missing}: push what it names again, and give the cache more room if it was evicted")]
    public static partial void Lost(ILogger logger, string name, int count, Digest missing);
}
