using Google.Devtools.Build.V1;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Builds.Events;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Builds.Services;

/// <summary>The Build Event Service, <c>google.devtools.build.v1.PublishBuildEvent</c>: clients tell of their builds, event by event, and are told what is on the disk.</summary>
/// <param name="events">Who takes them.</param>
public sealed class PublishBuildEventService(BuildEvents events)
{
    /// <summary>The methods.</summary>
    public RpcService ToRpcService() => new RpcService(PublishBuildEventReflection.Descriptor, "PublishBuildEvent", BuildEventErrors.ToStatus)
        .Unary<PublishLifecycleEventRequest, Empty>("PublishLifecycleEvent", PublishLifecycleAsync)
        .Raw("PublishBuildToolEventStream", call => new EventStreamCall(events, call).RunAsync());

    private async Task<Empty> PublishLifecycleAsync(PublishLifecycleEventRequest request, RpcCall call)
    {
        StreamEvent told = EventRequests.Read(request);
        await events.WaitForRoomAsync(call.CancellationToken);
        await events.WriteAsync(told);
        return new Empty();
    }
}
