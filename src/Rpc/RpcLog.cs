using Microsoft.Extensions.Logging;

namespace RemoteExec.Rpc;

internal static partial class RpcLog
{
    [LoggerMessage(1, LogLevel.Debug, "{Method} ended with {Code}: {Message}")]
    public static partial void CallFailed(ILogger logger, string method, StatusCode code, string message);

    [LoggerMessage(2, LogLevel.Debug, "{Method} ended with {Code}")]
    public static partial void CallCancelled(ILogger logger, Exception exception, string method, StatusCode code);

    [LoggerMessage(3, LogLevel.Error, "{Method} failed unexpectedly ({TraceId})")]
    public static partial void Unexpected(ILogger logger, Exception exception, string method, string traceId);
}
