using System.Net;
using System.Net.Http;

namespace RemoteExec.Rpc.Client;

/// <summary>What a failure below gRPC means as a status.</summary>
internal static class RpcFailure
{
    // HTTP/2 error codes.
    private const long RefusedStream = 7;
    private const long Cancel = 8;
    private const long EnhanceYourCalm = 11;
    private const long InadequateSecurity = 12;

    /// <summary>The status for an HTTP response that is none of gRPC.</summary>
    public static RpcStatus OfHttp(HttpStatusCode code, RpcAddress address) => new(
        code switch
        {
            HttpStatusCode.BadRequest => StatusCode.Internal,
            HttpStatusCode.Unauthorized => StatusCode.Unauthenticated,
            HttpStatusCode.Forbidden => StatusCode.PermissionDenied,
            HttpStatusCode.NotFound => StatusCode.Unimplemented,
            HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => StatusCode.Unavailable,
            _ => StatusCode.Unknown,
        },
        $"{address} answered HTTP {(int)code}: is this a gRPC port?");

    /// <summary>The status for an exception of the HTTP client.</summary>
    public static RpcStatus Of(Exception exception, RpcAddress address)
    {
        if (exception is HttpRequestException failure && failure is { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError })
            return new RpcStatus(StatusCode.Unavailable, $"cannot connect to {address}: {ReasonOf(failure, address)}");
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpProtocolException broken)
                return new RpcStatus(IsOfConnection(broken) ? StatusCode.Unavailable : OfHttp2(broken.ErrorCode), $"{address} broke the call off: {broken.Message}");
        }

        // A body that was being sent was just given up.
        string reason = exception is OperationCanceledException ? "it broke off" : Innermost(exception).Message;
        return new RpcStatus(StatusCode.Unavailable, $"the connection to {address} failed: {reason}");
    }

    /// <summary>True if the server ended the whole connection, as it does when it stops, and not this call: nothing but the text tells.</summary>
    private static bool IsOfConnection(HttpProtocolException exception) =>
        exception.ErrorCode != EnhanceYourCalm && exception.Message.StartsWith("The HTTP/2 server closed the connection", StringComparison.Ordinal);

    private static StatusCode OfHttp2(long code) => code switch
    {
        RefusedStream => StatusCode.Unavailable,
        Cancel => StatusCode.Cancelled,
        EnhanceYourCalm => StatusCode.ResourceExhausted,
        InadequateSecurity => StatusCode.PermissionDenied,
        _ => StatusCode.Internal,
    };

    private static string ReasonOf(HttpRequestException failure, RpcAddress address)
    {
        if (address.SocketPath is { } path && !File.Exists(path))
            return "there is no such socket"; // the framework says that it can't assign an address
        string reason = Innermost(failure).Message;
        return failure.HttpRequestError == HttpRequestError.SecureConnectionError ? $"the TLS handshake failed: {reason}" : reason;
    }

    private static Exception Innermost(Exception exception) =>
        exception.InnerException is { } inner ? Innermost(inner) : exception;
}
