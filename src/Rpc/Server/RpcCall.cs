using System.Security.Cryptography.X509Certificates;
using RemoteExec.Rpc.Framing;

namespace RemoteExec.Rpc.Server;

/// <summary>One call as its handler sees it, whatever carries it.</summary>
public abstract class RpcCall
{
    // Most calls have none of these.
    private RpcMetadata? headers;
    private RpcMetadata? trailers;
    private object? feature; // most calls have one
    private Dictionary<Type, object>? features; // further ones

    /// <summary>The path: <c>/package.Service/Method</c>.</summary>
    public abstract string Method { get; }

    /// <summary>The client's address, for logs.</summary>
    public abstract string Peer { get; }

    /// <summary>Whether the client is on this machine: it came over loopback or a UNIX socket, and no proxy says that it speaks for another.</summary>
    public virtual bool IsLocal => false;

    /// <summary>The certificate that the client has shown, whoever it is from; null if it has shown none, or was not asked to.</summary>
    public virtual X509Certificate2? ClientCertificate => null;

    /// <summary>The first value of a request header, as it stands on the wire; null if absent.</summary>
    public abstract string? GetRequestHeader(string key);

    /// <summary>When the client's patience ends; null if it set no deadline.</summary>
    public abstract DateTimeOffset? Deadline { get; }

    /// <summary>
    /// Fires when the client has gone, the deadline has passed, or the server gives up on draining. A handler that goes on regardless keeps its call's
    /// resources, but the client's answer does not wait for it.
    /// </summary>
    public abstract CancellationToken CancellationToken { get; }

    /// <summary>True once nobody waits for the answer any more.</summary>
    internal virtual bool IsBrokenOff => CancellationToken.IsCancellationRequested;

    /// <summary>The request messages.</summary>
    public abstract MessageReader Requests { get; }

    /// <summary>The response messages.</summary>
    public abstract MessageWriter Responses { get; }

    /// <summary>The status with which the handler has ended the call without an exception; null if it has not.</summary>
    public RpcStatus? Failure { get; private set; }

    /// <summary>
    /// Ends a call without an exception, which costs as much as all the rest of a small call: for what happens all the time, as a miss does. The handler
    /// returns at once what this returns; nobody looks at it.
    /// </summary>
    public T Fail<T>(StatusCode code, string message)
        where T : class
    {
        Failure = new RpcStatus(code, message);
        return null!;
    }

    /// <summary>Ends a call whose client has not shown who it is, or not well enough, with UNAUTHENTICATED. For interceptors, which return at once.</summary>
    public void FailAsStranger(string message) => Failure = new RpcStatus(StatusCode.Unauthenticated, message);

    /// <summary>Ends a call whose client may not make it with PERMISSION_DENIED. For interceptors, which return at once.</summary>
    public void FailAsDenied(string message) => Failure = new RpcStatus(StatusCode.PermissionDenied, message);

    /// <summary>
    /// Takes memory for what the handler is about to do, until the call has ended and its answer is sent: so much in all, however often it is asked for. Waits a little if there is none.
    /// </summary>
    /// <exception cref="Limits.MemoryShortException">There is none.</exception>
    public virtual ValueTask ReserveAsync(long bytes) => ValueTask.CompletedTask;

    /// <summary>Ends a call whose client asks for too much at a time with RESOURCE_EXHAUSTED, and says when to come again. For interceptors, which return at once.</summary>
    public void FailAsTooMuch(string message, TimeSpan wait) => Failure = new RpcStatus(StatusCode.ResourceExhausted, message) { Details = [RetryDetail.After(wait)] };

    /// <summary>Sends the response headers now, if they were not sent: for streams whose first message may take long.</summary>
    public abstract ValueTask SendHeadersAsync();

    /// <summary>Response headers; may be added to until the first message is written.</summary>
    public RpcMetadata ResponseHeaders => headers ??= [];

    /// <summary>Trailers beyond the status.</summary>
    public RpcMetadata ResponseTrailers => trailers ??= [];

    /// <summary>The first binary value of a request header; null if absent or no base64.</summary>
    public byte[]? GetBinaryRequestHeader(string key) => GetRequestHeader(key) is { } text ? RpcMetadata.DecodeBase64(text) : null;

    /// <summary>What an interceptor attached to the call under this type; null if nothing.</summary>
    public T? Get<T>()
        where T : class => feature as T ?? (features is not null && features.TryGetValue(typeof(T), out object? other) ? (T)other : null);

    /// <summary>Attaches something to the call for the handlers behind.</summary>
    public void Set<T>(T attached)
        where T : class
    {
        if (feature is null or T)
            feature = attached;
        else
            (features ??= [])[typeof(T)] = attached;
    }

    /// <summary>The response headers, null if there are none.</summary>
    protected RpcMetadata? HeadersOrNull => headers;

    /// <summary>The trailers beyond the status, null if there are none.</summary>
    protected RpcMetadata? TrailersOrNull => trailers;
}
