using System.Collections.Frozen;
using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using RemoteExec.Rpc.Server.Limits;

namespace RemoteExec.Rpc.Server;

/// <summary>Carries gRPC calls from Kestrel to the handlers of <see cref="RpcService"/>s: one look-up by path, no routing.</summary>
public sealed class RpcEndpoints
{
    private const string ContentType = "application/grpc";
    private readonly FrozenDictionary<string, ServedMethod> methods;
    private readonly RpcMethodMetrics? otherMetrics;
    private readonly RpcServerOptions options;
    private readonly RpcErrorBoundary boundary;
    private readonly TimeProvider time;
    private readonly string offered;

    /// <summary>Builds the table of methods.</summary>
    /// <exception cref="ArgumentException">Two services have the same name.</exception>
    public RpcEndpoints(IEnumerable<RpcService> services, RpcServerOptions options, ILogger logger, TimeProvider time)
    {
        this.options = options;
        this.time = time;
        boundary = new RpcErrorBoundary(logger, time);
        RpcService[] all = [.. services];
        offered = string.Join(", ", all.Select(service => service.Descriptor.FullName));
        methods = all.SelectMany(service => service.Methods)
            .ToFrozenDictionary(entry => entry.Key, entry => new ServedMethod(entry.Key[1..], Intercept(entry.Value), options.UseOf(entry.Key), options.Metrics?.Of(entry.Key[1..])), StringComparer.Ordinal);
        otherMetrics = options.Metrics?.Of(RpcServerMetrics.OtherMethod);
    }

    /// <summary>
    /// True if a request is meant for gRPC, rightly or wrongly made: the rest of the pipeline need not look at it. That is what has its content type, and
    /// every POST over HTTP/2.
    /// </summary>
    public static bool IsRpc(HttpContext context) =>
        (context.Request.ContentType is { } type && type.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase))
        || (HttpMethods.IsPost(context.Request.Method) && HttpProtocol.IsHttp2(context.Request.Protocol));

    /// <summary>Serves one request that <see cref="IsRpc"/> accepted.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        if (!HttpProtocol.IsHttp2(context.Request.Protocol))
        {
            context.Response.Headers[HeaderNames.Upgrade] = "h2c";
            return RefuseAsync(context, StatusCodes.Status426UpgradeRequired, "gRPC needs HTTP/2");
        }

        if (!IsGrpcContentType(context.Request.ContentType) || !HttpMethods.IsPost(context.Request.Method))
            return RefuseAsync(context, StatusCodes.Status415UnsupportedMediaType, $"gRPC needs a POST of {ContentType}");

        context.Response.ContentType = ContentType;
        if (KestrelRpcCall.TryCreate(context, options, time, out KestrelRpcCall? call, out RpcStatus? refusal))
            return ServeAsync(context, call);
        KestrelRpcCall.Write(context.Response.Headers, refusal, more: null);
        return Task.CompletedTask;
    }

    private async Task ServeAsync(HttpContext context, KestrelRpcCall call)
    {
        string path = context.Request.Path.Value!;
        ServedMethod? served = methods.GetValueOrDefault(path);
        RpcMethodMetrics? metrics = served is null ? otherMetrics : served.Metrics;
        long began = metrics?.Begin() ?? 0;
        using Activity? span = RpcTracing.BeginServing(context, served is null ? RpcServerMetrics.OtherMethod : served.Name, options.BeginsTraces);
        RpcStatus status = RpcStatus.Ok;
        if (served is null)
        {
            status = new RpcStatus(StatusCode.Unimplemented, $"this address does not offer {path}, but {offered}");
        }
        else
        {
            GuardedConnection? connection = context.Features.Get<GuardedConnection>();
            try
            {
                if (connection is not null)
                    await call.WatchAsync(connection, served.Use);
                await served.Method.Handler(call);
                if (call.Failure is { } failure)
                    status = boundary.Note(failure, call);
            }
            catch (Exception exception)
            {
                status = boundary.ToStatus(exception, call, served.Method.MapError);
            }

            if (connection is not null && context.RequestAborted.IsCancellationRequested)
                connection.CountReset();
        }

        await call.CompleteAsync(status);
        RpcTracing.End(span, status);
        metrics?.End(began, status.Code, call);
        call.WatchEnd();
    }

    private static bool IsGrpcContentType(string? type)
    {
        if (type is null || !type.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase))
            return false;
        ReadOnlySpan<char> rest = type.AsSpan(ContentType.Length);
        return rest.IsEmpty || rest[0] == ';' || rest.Equals("+proto", StringComparison.OrdinalIgnoreCase)
            || rest.StartsWith("+proto;", StringComparison.OrdinalIgnoreCase);
    }

    private static Task RefuseAsync(HttpContext context, int code, string reason)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "text/plain";
        return context.Response.WriteAsync(reason + "\n");
    }

    private RpcMethod Intercept(RpcMethod method)
    {
        if (options.Interceptors.Count == 0)
            return method;
        RpcHandler handler = method.MapError is { } mapError ? WithMapping(method.Handler, mapError) : method.Handler;
        foreach (RpcInterceptor interceptor in options.Interceptors.Reverse())
        {
            RpcHandler next = handler;
            handler = call => interceptor(call, next);
        }

        return new RpcMethod(handler, method.MapError);
    }

    private static RpcHandler WithMapping(RpcHandler handler, Func<Exception, RpcStatus?> mapError) => async call =>
    {
        try
        {
            await handler(call);
        }
        catch (Exception exception) when (exception is not RpcException && mapError(exception) is { } status)
        {
            throw new RpcException(status, exception);
        }
    };

    private sealed record ServedMethod(string Name, RpcMethod Method, MemoryUse Use, RpcMethodMetrics? Metrics);
}
