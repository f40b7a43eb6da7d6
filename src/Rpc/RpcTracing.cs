using System.Diagnostics;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;

namespace RemoteExec.Rpc;

/// <summary>The spans of calls, on either side, named and described as OpenTelemetry's conventions say. Where nobody listens there are none, and they cost nothing.</summary>
internal static class RpcTracing
{
    private static readonly ActivitySource source = new("RemoteExec.Rpc");

    /// <summary>Begins the span of a call that is served; that of the client is above it, if it told one. Becomes the current one of this flow.</summary>
    /// <param name="context">The request.</param>
    /// <param name="method"><c>package.Service/Method</c>, out of a bounded set.</param>
    /// <param name="beginsTraces">Whether there is one if the client told none.</param>
    public static Activity? BeginServing(HttpContext context, string method, bool beginsTraces)
    {
        if (!source.HasListeners())
            return null;
        IHeaderDictionary headers = context.Request.Headers;
        if (!ActivityContext.TryParse(headers.TraceParent, headers.TraceState, isRemote: true, out ActivityContext client) && !beginsTraces)
            return null;
        return Begin(method, ActivityKind.Server, client);
    }

    /// <summary>Begins the span of a call that is made, below the current one, and tells the server of it. The current one stays that of who calls.</summary>
    public static Activity? BeginCalling(string path, Uri server, HttpRequestHeaders headers)
    {
        if (Activity.Current is not { } current)
            return null; // what nobody has asked for, as what is done all the time in the background, makes no traces
        Activity? span = source.HasListeners() ? Begin(path[1..], ActivityKind.Client, current.Context) : null;
        span?.SetTag("server.address", server.Host).SetTag("server.port", server.Port);
        Activity told = span ?? current;
        if (told.IdFormat == ActivityIdFormat.W3C)
        {
            headers.TryAddWithoutValidation("traceparent", told.Id);
            if (!string.IsNullOrEmpty(told.TraceStateString))
                headers.TryAddWithoutValidation("tracestate", told.TraceStateString);
        }

        if (span is not null)
            Activity.Current = current;
        return span;
    }

    /// <summary>Says how the call has ended. The span is ended by who began it.</summary>
    public static void End(Activity? span, RpcStatus status)
    {
        if (span is null)
            return;
        span.SetTag("rpc.response.status_code", StatusCodeName.Of(status.Code));
        bool isFailure = span.Kind == ActivityKind.Client ? status.Code != StatusCode.Ok : IsFaultOfServer(status.Code);
        if (isFailure)
            span.SetTag("error.type", StatusCodeName.Of(status.Code)).SetStatus(ActivityStatusCode.Error, status.Message);
    }

    private static Activity? Begin(string method, ActivityKind kind, ActivityContext parent)
    {
        Activity? span = source.StartActivity(method, kind, parent);
        span?.SetTag("rpc.system.name", "grpc").SetTag("rpc.method", method);
        return span;
    }

    private static bool IsFaultOfServer(StatusCode code) =>
        code is StatusCode.Unknown or StatusCode.DeadlineExceeded or StatusCode.Unimplemented or StatusCode.Internal or StatusCode.Unavailable or StatusCode.DataLoss;
}
