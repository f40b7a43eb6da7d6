using System.Diagnostics;
using Microsoft.Extensions.Logging;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Server.Hosting;

/// <summary>
/// Attaches to each call who makes it (RMD-01), so that the services behind find a <see cref="CallMetadata"/>; and what they log tells the invocation.
/// </summary>
/// <param name="logger">Where the services log.</param>
/// <param name="carriesOn">True if calls to other servers are made on behalf of these, which are to be told as well.</param>
internal sealed class RequestMetadataInterceptor(ILogger logger, bool carriesOn)
{
    /// <summary>Stands before a handler.</summary>
    public Task InvokeAsync(RpcCall call, RpcHandler next)
    {
        if (call.GetBinaryRequestHeader(RequestMetadataHeader.Name) is { } encoded)
        {
            var metadata = new CallMetadata(encoded);
            call.Set(metadata);
            if (Activity.Current is { IsAllDataRequested: true } span)
                Describe(span, metadata);
            if (carriesOn)
                CallMetadata.Current = metadata; // in the flow of this call alone, as what is said below
            // A scope costs more than many a call: only where it is going to be written. It is neither awaited in nor disposed: so it flows back to
            // who serves the call and writes how it failed, and ends with the call.
            if (logger.IsEnabled(LogLevel.Debug) && metadata.Message is { } message)
                logger.BeginScope("{Tool} {Invocation} {Action} {Target}", message.ToolDetails?.ToolName, message.ToolInvocationId, message.ActionId, message.TargetId);
        }

        return next(call);
    }

    private static void Describe(Activity span, CallMetadata metadata)
    {
        if (metadata.Message is { } message)
            RequestAttributes.AddTo(span, message);
    }
}
