using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using RemoteExec.Rpc.Framing;
using RemoteExec.Rpc.Server.Limits;

namespace RemoteExec.Rpc.Server;

/// <summary>A call that Kestrel carries. <see cref="CompleteAsync"/> ends it; the HTTP context is not touched after that.</summary>
internal sealed class KestrelRpcCall : RpcCall
{
    private readonly HttpContext context;
    private readonly KestrelDeadline? deadline;
    private CancellationToken? aborted;
    private CallProgress? progress;
    private bool isBroken;

    private KestrelRpcCall(HttpContext context, RpcServerOptions options, bool gzip, TimeSpan? timeout, TimeProvider time)
    {
        this.context = context;
        Requests = new MessageReader(context.Request.BodyReader, options.MaxRequestMessageBytes, gzip);
        Responses = new MessageWriter(context.Response.BodyWriter, AddHeaders);
        if (timeout is { } patience)
        {
            Deadline = time.GetUtcNow() + patience;
            deadline = new KestrelDeadline(context, Responses, patience, time);
        }
    }

    public override string Method => context.Request.Path.Value!;

    public override string Peer => context.Connection.RemoteIpAddress is { } address
        ? $"{address}:{context.Connection.RemotePort}"
        : "unix";

    public override bool IsLocal => LocalClient.Is(context);

    public override X509Certificate2? ClientCertificate => context.Connection.ClientCertificate;

    public override DateTimeOffset? Deadline { get; }

    public override CancellationToken CancellationToken => deadline?.Token ?? (aborted ??= context.RequestAborted);

    public override MessageReader Requests { get; }

    public override MessageWriter Responses { get; }

    public override string? GetRequestHeader(string key) =>
        context.Request.Headers.TryGetValue(key, out StringValues values) ? values[0] : null;

    public override ValueTask ReserveAsync(long bytes) => progress?.ReserveAsync(bytes, CancellationToken) ?? ValueTask.CompletedTask;

    /// <summary>Has the call watched, and its memory counted; until its answer is sent.</summary>
    public ValueTask WatchAsync(GuardedConnection connection, MemoryUse use)
    {
        progress = new CallProgress(connection, use) { Requests = Requests, Break = Break };
        (Requests.Progress, Responses.Progress) = (progress, progress);
        connection.Enter(progress);
        context.Response.OnCompleted(static state => ((CallProgress)state).LeaveAsync(), progress);
        return progress.ReserveAsync(0, CancellationToken);
    }

    // Kestrel's streams fail a moment before its token fires.
    internal override bool IsBrokenOff => Volatile.Read(ref isBroken) || base.IsBrokenOff;

    private void Break()
    {
        Volatile.Write(ref isBroken, true);
        Reset(context, ResetCode.Cancel);
    }

    /// <summary>The handler has ended: what it wrote last is now to be taken by the client.</summary>
    public void WatchEnd() => progress?.BeginWriting();

    public override ValueTask SendHeadersAsync()
    {
        if (context.Response.HasStarted)
            return ValueTask.CompletedTask;
        AddHeaders();
        return Responses.FlushAsync(CancellationToken); // starting the response alone sends nothing
    }

    /// <summary>Reads the headers that steer the call; on failure <paramref name="refusal"/> is the answer.</summary>
    public static bool TryCreate(
        HttpContext context, RpcServerOptions options, TimeProvider time,
        [NotNullWhen(true)] out KestrelRpcCall? call, [NotNullWhen(false)] out RpcStatus? refusal)
    {
        call = null;
        refusal = null;
        IHeaderDictionary headers = context.Request.Headers;
        string? encoding = headers.GrpcEncoding;
        if (encoding is not (null or "" or "identity" or "gzip"))
        {
            context.Response.Headers.GrpcAcceptEncoding = "identity,gzip";
            refusal = new RpcStatus(StatusCode.Unimplemented, $"grpc-encoding '{encoding}' is not supported; supported: identity, gzip");
            return false;
        }

        TimeSpan? patience = null;
        if ((string?)headers.GrpcTimeout is { } header)
        {
            if (!RpcTimeout.TryParse(header, out TimeSpan timeout))
            {
                refusal = new RpcStatus(StatusCode.InvalidArgument, $"grpc-timeout '{header}' is malformed: write at most eight digits and a unit");
                return false;
            }

            // Who waits longer than a timer can run (49 days) has no deadline.
            if (timeout < KestrelDeadline.Longest)
                patience = timeout;
        }

        call = new KestrelRpcCall(context, options, encoding == "gzip", patience, time);
        return true;
    }

    /// <summary>Ends the call: as trailers-only if nothing was sent, else as trailers; resets the stream if a message was left unfinished.</summary>
    public async Task CompleteAsync(RpcStatus status)
    {
        if (deadline is not null && !await deadline.TryCompleteAsync())
            return; // the client was answered while the handler went on
        Requests.Release();
        if (Responses.IsInsideMessage)
        {
            Reset(context, ResetCode.InternalError);
            return;
        }

        if (status.Code == StatusCode.Ok && !Responses.HasStarted && !context.Response.HasStarted)
        {
            AddHeaders();
            await context.Response.StartAsync();
        }

        if (Responses.HasStarted || context.Response.HasStarted)
            Write(context.Features.Get<IHttpResponseTrailersFeature>()!.Trailers, status, TrailersOrNull);
        else
            WriteTrailersOnly(status);
    }

    /// <summary>Puts a status into headers or trailers.</summary>
    internal static void Write(IHeaderDictionary destination, RpcStatus status, RpcMetadata? more)
    {
        if (more is not null)
        {
            foreach ((string key, string value) in more)
                destination.Append(key, value);
        }

        if (status.Code == StatusCode.Ok)
        {
            destination.GrpcStatus = Trailers.Code(StatusCode.Ok);
            return;
        }

        foreach ((string key, string value) in Trailers.Encode(status))
            destination.Append(key, value);
    }

    /// <summary>Breaks the stream off with an HTTP/2 error code.</summary>
    internal static void Reset(HttpContext context, ResetCode code) => context.Features.Get<IHttpResetFeature>()!.Reset((int)code);

    private void WriteTrailersOnly(RpcStatus status)
    {
        AddHeaders();
        Write(context.Response.Headers, status, TrailersOrNull);
    }

    private void AddHeaders()
    {
        if (HeadersOrNull is not { } headers || context.Response.HasStarted)
            return;
        foreach ((string key, string value) in headers)
            context.Response.Headers.Append(key, value);
    }
}
