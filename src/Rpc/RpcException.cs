using Google.Protobuf.WellKnownTypes;

namespace RemoteExec.Rpc;

/// <summary>A call that ended with a status other than OK: thrown by a handler to end its call so, and by the client for a call that did.</summary>
public sealed class RpcException(RpcStatus status, Exception? innerException = null)
    : Exception($"{status.Code}: {status.Message}", innerException)
{
    /// <inheritdoc cref="RpcException(RpcStatus, Exception?)"/>
    public RpcException(StatusCode code, string message, params IReadOnlyList<Any> details)
        : this(new RpcStatus(code, message) { Details = details })
    {
    }

    /// <summary>The status.</summary>
    public RpcStatus Status { get; } = status;

    /// <summary>The status code.</summary>
    public StatusCode Code => Status.Code;
}
