using Microsoft.Extensions.Logging;

namespace RemoteExec.Rpc.Server;

/// <summary>The one place where what a handler throws becomes a status. The unknown is logged once and told without internals.</summary>
internal sealed class RpcErrorBoundary(ILogger logger, TimeProvider time)
{
    /// <summary>Runs a handler; never throws.</summary>
    public async Task<RpcStatus> RunAsync(RpcCall call, RpcHandler handler)
    {
        try
        {
            await handler(call);
            return RpcStatus.Ok;
        }
        catch (RpcException exception)
        {
            RpcLog.CallFailed(logger, call.Method, exception.Code, exception.Status.Message);
            return exception.Status;
        }
        catch (Exception exception) when (call.CancellationToken.IsCancellationRequested)
        {
            RpcStatus status = call.Deadline is { } deadline && time.GetUtcNow() >= deadline
                ? new RpcStatus(StatusCode.DeadlineExceeded, "the deadline of the call has passed")
                : new RpcStatus(StatusCode.Cancelled, "the call was cancelled");
            RpcLog.CallCancelled(logger, exception, call.Method, status.Code);
            return status;
        }
        catch (Exception exception)
        {
            string traceId = System.Diagnostics.Activity.Current?.TraceId.ToString() ?? Guid.NewGuid().ToString("N");
            RpcLog.Unexpected(logger, exception, call.Method, traceId);
            return new RpcStatus(StatusCode.Internal, $"internal error; the server's log has it under {traceId}");
        }
    }
}
