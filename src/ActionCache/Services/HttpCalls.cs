using Microsoft.AspNetCore.Http;
using RemoteExec.Cas.Builds;
using RemoteExec.Protocol;

namespace RemoteExec.ActionCache.Services;

/// <summary>Tells an observer what came of requests to the HTTP cache. Nobody says there for which build they are.</summary>
internal sealed class HttpCalls(ICallObserver observer)
{
    /// <summary>A result or an opaque value was asked for. That one is there, without its content, is no use of it: HEAD does not count.</summary>
    public void LookedUp(HttpContext context, in HttpCachePath path, bool isFound, ReadOnlySpan<byte> execution, long bytes)
    {
        if (observer.IsEnabled && HttpMethods.IsGet(context.Request.Method))
            observer.Observe(new CallEvent { Kind = isFound ? CallKind.Hit : CallKind.Miss, Digest = KeyOf(path), UserAgent = AgentOf(context), Execution = execution, Bytes = bytes });
    }

    /// <summary>A result or an opaque value was stored.</summary>
    public void Stored(HttpContext context, in HttpCachePath path, long bytes)
    {
        if (observer.IsEnabled)
            observer.Observe(new CallEvent { Kind = CallKind.Stored, Digest = KeyOf(path), UserAgent = AgentOf(context), Bytes = bytes });
    }

    /// <summary>So many bytes of a blob are sent.</summary>
    public void Read(HttpContext context, in HttpCachePath path, long bytes)
    {
        if (observer.IsEnabled && HttpMethods.IsGet(context.Request.Method))
            observer.Observe(new CallEvent { Kind = CallKind.Read, Digest = path.Digest, UserAgent = AgentOf(context), Blobs = 1, Bytes = bytes });
    }

    /// <summary>A blob was stored.</summary>
    public void Written(HttpContext context, in Digest blob)
    {
        if (observer.IsEnabled)
            observer.Observe(new CallEvent { Kind = CallKind.Written, Digest = blob, UserAgent = AgentOf(context), Blobs = 1, Bytes = blob.SizeBytes });
    }

    private static Digest KeyOf(in HttpCachePath path) => path.Kind == HttpCacheKind.Opaque ? path.OpaqueKey : path.Digest;

    private static string AgentOf(HttpContext context) => context.Request.Headers.UserAgent.ToString();
}
