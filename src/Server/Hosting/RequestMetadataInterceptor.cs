using Microsoft.Extensions.Logging;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Server.Hosting;

/// <summary>
/// Reads once for each call who makes it (RMD-01): the services behind find the <see cref="Reapi.RequestMetadata"/> attached to the call, and
/// what they log tells the invocation.
/// </summary>
internal sealed class RequestMetadataInterceptor(ILogger logger)
{
    /// <summary>Stands before a handler.</summary>
    public Task InvokeAsync(RpcCall call, RpcHandler next)
    {
        if (RequestMetadataHeader.Parse(call.GetBinaryRequestHeader(RequestMetadataHeader.Name)) is { } metadata)
        {
            call.Set(metadata);
            // A scope costs an allocation on each call: only where it is going to be written. It is neither awaited in nor disposed: so it flows back to
            // who serves the call and writes how it failed, and ends with the call.
            if (logger.IsEnabled(LogLevel.Debug))
                logger.BeginScope("{Tool} {Invocation} {Action} {Target}", metadata.ToolDetails?.ToolName, metadata.ToolInvocationId, metadata.ActionId, metadata.TargetId);
        }

        return next(call);
    }
}
