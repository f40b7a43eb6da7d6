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
    public async Task InvokeAsync(RpcCall call, RpcHandler next)
    {
        Reapi.RequestMetadata? metadata = RequestMetadataHeader.Parse(call.GetBinaryRequestHeader(RequestMetadataHeader.Name));
        if (metadata is null)
        {
            await next(call);
            return;
        }

        call.Set(metadata);
        // A scope costs an allocation on each call: only where it is going to be written.
        using IDisposable? scope = logger.IsEnabled(LogLevel.Debug)
            ? logger.BeginScope("{Tool} {Invocation} {Action}", metadata.ToolDetails?.ToolName, metadata.ToolInvocationId, metadata.ActionId)
            : null;
        await next(call);
    }
}
