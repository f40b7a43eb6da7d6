using System.Collections.Frozen;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using RemoteExec.Rpc.Framing;

namespace RemoteExec.Rpc.Server;

/// <summary>Carries gRPC calls from Kestrel to the handlers of <see cref="RpcService"/>s: one look-up by path, no routing.</summary>
public sealed class RpcEndpoints
{
    private const string ContentType = "application/grpc";
    private readonly FrozenDictionary<string, RpcHandler> handlers;
    private readonly RpcServerOptions options;
    private readonly RpcErrorBoundary boundary;
    private readonly TimeProvider time;

    /// <summary>Builds the table of methods.</summary>
    /// <exception cref="ArgumentException">Two services have the same name.</exception>
    public RpcEndpoints(IEnumerable<RpcService> services, RpcServerOptions options, ILogger logger, TimeProvider time)
    {
        this.options = options;
        this.time = time;
        boundary = new RpcErrorBoundary(logger, time);
        handlers = services.SelectMany(service => service.Handlers)
            .ToFrozenDictionary(entry => entry.Key, entry => Intercept(entry.Value), StringComparer.Ordinal);
    }

    /// <summary>True if a request is meant for gRPC: the rest of the pipeline need not look at it.</summary>
    public static bool IsRpc(HttpContext context) =>
        context.Request.ContentType is { } type && type.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase);

    /// <summary>Serves one request that <see cref="IsRpc"/> accepted.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        if (!HttpProtocol.IsHttp2(context.Request.Protocol))
        {
            context.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            context.Response.Headers[HeaderNames.Upgrade] = "h2c";
            return;
        }

        if (!IsGrpcContentType(context.Request.ContentType!) || !HttpMethods.IsPost(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return;
        }

        context.Response.ContentType = ContentType;
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } bodySize)
            bodySize.MaxRequestBodySize = null;

        if (!KestrelRpcCall.TryCreate(context, options, time, out KestrelRpcCall? call, out RpcStatus? refusal))
        {
            KestrelRpcCall.WriteStatus(context, refusal, []);
            return;
        }

        await using (call)
        {
            RpcStatus status = handlers.TryGetValue(context.Request.Path.Value!, out RpcHandler? handler)
                ? await boundary.RunAsync(call, handler)
                : new RpcStatus(StatusCode.Unimplemented, $"this server does not offer {context.Request.Path.Value}");
            await call.CompleteAsync(status);
        }
    }

    private static bool IsGrpcContentType(string type) =>
        type.Length == ContentType.Length || type[ContentType.Length] == ';' || type.AsSpan(ContentType.Length).StartsWith("+proto");

    private RpcHandler Intercept(RpcHandler handler)
    {
        foreach (RpcInterceptor interceptor in options.Interceptors.Reverse())
        {
            RpcHandler next = handler;
            handler = call => interceptor(call, next);
        }

        return handler;
    }
}
