using RemoteExec.Cas.Services;
using RemoteExec.Rpc;

namespace RemoteExec.ActionCache.Services;

/// <summary>The one mapping of the action cache's exceptions to a status.</summary>
public static class ActionCacheErrors
{
    /// <summary>The status that tells a client of this exception; null if it is neither the action cache's nor the storage side's.</summary>
    public static RpcStatus? ToStatus(Exception exception) =>
        exception is ActionResultRefusedException ? new RpcStatus(StatusCode.InvalidArgument, exception.Message) : CasErrors.ToStatus(exception);
}
