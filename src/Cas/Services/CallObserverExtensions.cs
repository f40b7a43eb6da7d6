using RemoteExec.Cas.Builds;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Cas.Services;

/// <summary>What services tell of calls in one line.</summary>
public static class CallObserverExtensions
{
    /// <summary>Whether anything is to be told of a call: of those that another server makes for a client, that server tells.</summary>
    public static bool Wants(this ICallObserver observer, RpcCall call) => observer.IsEnabled && call.GetRequestHeader(LocalClient.ForwardedHeader) is null;

    /// <summary>Tells of blobs that were carried.</summary>
    /// <param name="observer">Who is told.</param>
    /// <param name="call">The call.</param>
    /// <param name="kind">What came of it.</param>
    /// <param name="digest">One of the blobs.</param>
    /// <param name="blobs">How many there were.</param>
    /// <param name="bytes">How many bytes of content.</param>
    public static void ObserveBlobs(this ICallObserver observer, RpcCall call, CallKind kind, in Digest digest, int blobs, long bytes)
    {
        if (observer.Wants(call))
            observer.Observe(new CallEvent { Kind = kind, Digest = digest, Metadata = call.Get<CallMetadata>(), Blobs = blobs, Bytes = bytes });
    }
}
