using RemoteExec.Builds.Events;
using RemoteExec.Rpc;

namespace RemoteExec.Builds.Services;

/// <summary>The one mapping of what can be wrong with events to a status. Bazel tries again after all but the first two .</summary>
internal static class BuildEventErrors
{
    /// <summary>The status that tells a client of this exception; null if it is none of these.</summary>
    public static RpcStatus? ToStatus(Exception exception) => exception switch
    {
        EventRefusedException { Reason: EventRefusal.OutOfOrder } => new RpcStatus(StatusCode.InvalidArgument, exception.Message),
        EventRefusedException { Reason: EventRefusal.NotAnnounced } => new RpcStatus(StatusCode.FailedPrecondition, exception.Message),
        EventsNotWrittenException => new RpcStatus(StatusCode.Unavailable, exception.Message),
        _ => null,
    };
}
