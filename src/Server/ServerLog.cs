using Microsoft.Extensions.Logging;

namespace RemoteExec.Server;

internal static partial class ServerLog
{
    [LoggerMessage(1, LogLevel.Warning, "{File} was changed, and can't be used as it is now: {Problem}. What it said before still holds")]
    public static partial void ChangeNotTaken(ILogger logger, string file, string problem);
}
