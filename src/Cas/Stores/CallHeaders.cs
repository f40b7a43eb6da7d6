using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Cas.Stores;

/// <summary>What stores that are other servers tell these with each call.</summary>
public static class CallHeaders
{
    /// <summary>For whom a call is made, as far as that is known here: the other server keeps what builds under way use. Null for nothing to tell.</summary>
    public static RpcCallOptions? OfThisFlow() =>
        CallMetadata.Current is { } metadata ? new RpcCallOptions { Headers = new RpcMetadata { { RequestMetadataHeader.Name, metadata.HeaderValue } } } : null;
}
