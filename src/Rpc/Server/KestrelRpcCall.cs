using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using RemoteExec.Rpc.Framing;

namespace RemoteExec.Rpc.Server;

/// <summary>A call that Kestrel carries.</summary>
internal sealed class KestrelRpcCall : RpcCall, IAsyncDisposable
{
    private readonly HttpContext context;
    private readonly CancellationTokenSource? deadlineSource;

    private KestrelRpcCall(HttpContext context, RpcServerOptions options, bool gzip, DateTimeOffset? deadline, CancellationTokenSource? deadlineSource)
    {
        this.context = context;
        this.deadlineSource = deadlineSource;
        Deadline = deadline;
        CancellationToken = deadlineSource?.Token ?? context.RequestAborted;
        Requests = new MessageReader(context.Request.BodyReader, options.MaxRequestMessageBytes, gzip);
        Responses = new MessageWriter(context.Response.BodyWriter, SendHeadersAsync);
    }

    public override string Method => context.Request.Path.Value!;

    public override string Peer => context.Connection.RemoteIpAddress is { } address
        ? $"{address}:{context.Connection.RemotePort}"
        : "unix";

    public override DateTimeOffset? Deadline { get; }

    public override CancellationToken CancellationToken { get; }

    public override MessageReader Requests { get; }

    public override MessageWriter Responses { get; }

    public override string? GetRequestHeader(string key) =>
        context.Request.Headers.TryGetValue(key, out StringValues values) ? values[0] : null;

    /// <summary>Reads the headers that steer the call; on failure <paramref name="refusal"/> is the answer.</summary>
    public static bool TryCreate(
        HttpContext context, RpcServerOptions options, TimeProvider time,
        [NotNullWhen(true)] out KestrelRpcCall? call, [NotNullWhen(false)] out RpcStatus? refusal)
    {
        call = null;
        refusal = null;
        string? encoding = context.Request.Headers["grpc-encoding"];
        if (encoding is not (null or "" or "identity" or "gzip"))
        {
            context.Response.Headers["grpc-accept-encoding"] = "identity,gzip";
            refusal = new RpcStatus(StatusCode.Unimplemented, $"grpc-encoding '{encoding}' is not supported; supported: identity, gzip");
            return false;
        }

        DateTimeOffset? deadline = null;
        CancellationTokenSource? source = null;
        string? header = context.Request.Headers["grpc-timeout"];
        if (header is not null)
        {
            if (!RpcTimeout.TryParse(header, out TimeSpan timeout))
            {
                refusal = new RpcStatus(StatusCode.InvalidArgument, $"grpc-timeout '{header}' is malformed");
                return false;
            }

            deadline = time.GetUtcNow() + timeout;
            source = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
            // A timer takes at most about 49 days; who waits longer than that has no deadline.
            if (timeout.TotalMilliseconds < uint.MaxValue - 1)
                source.CancelAfter(timeout);
        }

        call = new KestrelRpcCall(context, options, encoding == "gzip", deadline, source);
        return true;
    }

    /// <summary>Ends the call: as trailers-only if nothing was sent, else as trailers; resets the stream if a message was left unfinished.</summary>
    public async Task CompleteAsync(RpcStatus status)
    {
        Requests.Release();
        if (Responses.IsInsideMessage)
        {
            context.Abort();
            return;
        }

        if (status.Code == StatusCode.Ok && !Responses.HasStarted)
            await Responses.BeginAsync();
        WriteStatus(context, status, ResponseTrailers);
    }

    /// <summary>Puts a status into the headers (trailers-only) or the trailers of a response.</summary>
    public static void WriteStatus(HttpContext context, RpcStatus status, RpcMetadata more)
    {
        IHeaderDictionary? destination = context.Response.HasStarted
            ? context.Features.Get<IHttpResponseTrailersFeature>()?.Trailers
            : context.Response.Headers;
        if (destination is null)
            return;
        foreach ((string key, string value) in more.Concat(Trailers.Encode(status)))
            destination.Append(key, value);
    }

    public ValueTask DisposeAsync()
    {
        deadlineSource?.Dispose();
        return ValueTask.CompletedTask;
    }

    private ValueTask SendHeadersAsync()
    {
        foreach ((string key, string value) in ResponseHeaders)
            context.Response.Headers.Append(key, value);
        return new ValueTask(context.Response.StartAsync(context.RequestAborted));
    }
}
