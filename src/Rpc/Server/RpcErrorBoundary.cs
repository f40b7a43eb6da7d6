using Microsoft.Extensions.Logging;
using RemoteExec.Rpc.Framing;
using RemoteExec.Rpc.Server.Limits;

namespace RemoteExec.Rpc.Server;

/// <summary>The one place where what a handler throws becomes a status. The unknown is logged once and told without internals.</summary>
internal sealed class RpcErrorBoundary(ILogger logger, TimeProvider time)
{
    /// <summary>The status with which a call ends whose handler has thrown.</summary>
    /// <param name="exception">What it has thrown.</param>
    /// <param name="call">The call.</param>
    /// <param name="mapError">The feature's mapping; null for what it does not know.</param>
    public RpcStatus ToStatus(Exception exception, RpcCall call, Func<Exception, RpcStatus?>? mapError)
    {
        if (exception is RpcException known)
            return Note(known.Status, call);
        if (exception is MemoryShortException shortage)
            return Note(new RpcStatus(StatusCode.ResourceExhausted, shortage.Message) { Details = [RetryDetail.After(shortage.Wait)] }, call);

        // Whatever a handler throws after this is a consequence, and nobody is there to read about it.
        if (call.IsBrokenOff || exception is PeerGoneException)
        {
            RpcStatus status = call.Deadline is { } deadline && time.GetUtcNow() >= deadline
                ? new RpcStatus(StatusCode.DeadlineExceeded, "the deadline of the call has passed")
                : new RpcStatus(StatusCode.Cancelled, "the call was cancelled");
            RpcLog.CallCancelled(logger, exception, call.Method, status.Code);
            return status;
        }

        if (mapError?.Invoke(exception) is { } mapped)
            return Note(mapped, call);

        string traceId = System.Diagnostics.Activity.Current?.TraceId.ToString() ?? Guid.NewGuid().ToString("N");
        RpcLog.Unexpected(logger, exception, call.Method, traceId);
        return new RpcStatus(StatusCode.Internal, $"internal error; the server's log has it under {traceId}");
    }

    /// <summary>Logs the status of a call that failed in a way which its handler knows, and returns it.</summary>
    public RpcStatus Note(RpcStatus status, RpcCall call)
    {
        RpcLog.CallFailed(logger, call.Method, status.Code, status.Message);
        return status;
    }
}
