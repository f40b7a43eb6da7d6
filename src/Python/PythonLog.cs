using Microsoft.Extensions.Logging;

namespace RemoteExec.Python;

/// <summary>The log messages of this project.</summary>
internal static partial class PythonLog
{
    [LoggerMessage(1000, LogLevel.Warning, "Python index {Index} can't ask its upstream, and serves what it has: {Problem}")]
    public static partial void UpstreamAway(ILogger logger, string index, string problem);

    [LoggerMessage(1001, LogLevel.Error, "The upstream of Python index {Index} has another {File} than it had: it says sha256 {Told}, and {Pinned} was served before, which stays")]
    public static partial void UpstreamChanged(ILogger logger, string index, string file, string told, string pinned);

    [LoggerMessage(1002, LogLevel.Warning, "Python index {Index} could not be looked after, which is tried again in an hour: {Problem}")]
    public static partial void UpkeepFailed(ILogger logger, string index, string problem);

    [LoggerMessage(1003, LogLevel.Information, "Python index {Index}: {Count} file(s) are gone that nobody has used for long")]
    public static partial void Retired(ILogger logger, string index, int count);
}
