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

    [LoggerMessage(4, LogLevel.Debug, "a connection from {Address} was closed at once: there are {Open}")]
    public static partial void ConnectionRefused(ILogger logger, System.Net.IPAddress address, int open);

    [LoggerMessage(5, LogLevel.Information, "the connection from {Peer}, which holds {KiB} KiB, was closed: {Reason}")]
    public static partial void ConnectionClosed(ILogger logger, string peer, long kiB, string reason);
}
