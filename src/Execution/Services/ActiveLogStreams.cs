using Google.Bytestream;
using RemoteExec.Cas.Services;
using RemoteExec.Execution.Availability;
using RemoteExec.Execution.Logs;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Execution.Services;

/// <summary>Log streams at the server of the active scheduler, wherever that is: workers write them there, and there they are read.</summary>
/// <param name="router">Knows where it is.</param>
/// <param name="here">Serves calls if that is this server.</param>
/// <param name="time">The clock.</param>
public sealed class ActiveLogStreams(SchedulerRouter router, LogStreamResources here, TimeProvider time) : IStreamedResources
{
    private readonly ForwardedCalls forwarded = new(router, time, AccessGuard.Off); // ByteStream has asked

    /// <inheritdoc/>
    public bool Has(string resourceName) => LogStreamName.IsOne(resourceName);

    /// <inheritdoc/>
    public InstanceName InstanceOf(string resourceName) => here.InstanceOf(resourceName);

    /// <inheritdoc/>
    public RpcStatus? ToStatus(Exception exception) => ExecutionErrors.ToStatus(exception);

    /// <inheritdoc/>
    public async Task ReadAsync(ReadRequest request, RpcCall call)
    {
        SchedulerRoute route = await FindAsync(call);
        if (route is SchedulerRoute.Elsewhere elsewhere)
            await forwarded.ReadAsync(elsewhere.Peer, request, call);
        else
            await here.ReadAsync(request, call, ((SchedulerRoute.Here)route).Self.IsGone);
    }

    /// <inheritdoc/>
    public async Task WriteAsync(RpcCall call)
    {
        here.CheckMayWrite();
        if (await FindAsync(call) is SchedulerRoute.Elsewhere elsewhere)
            await forwarded.WriteAsync(elsewhere.Peer, call);
        else
            await here.WriteAsync(call);
    }

    /// <inheritdoc/>
    public async Task<QueryWriteStatusResponse> QueryWriteStatusAsync(QueryWriteStatusRequest request, RpcCall call)
    {
        here.CheckMayWrite();
        return await FindAsync(call) is SchedulerRoute.Elsewhere elsewhere
            ? await forwarded.CallAsync<QueryWriteStatusRequest, QueryWriteStatusResponse>(elsewhere.Peer, request, call)
            : await here.QueryWriteStatusAsync(request, call);
    }

    private async Task<SchedulerRoute> FindAsync(RpcCall call)
    {
        SchedulerRoute route = await router.FindAsync(call.CancellationToken);
        return route is SchedulerRoute.Elsewhere && call.GetRequestHeader(LocalClient.ForwardedHeader) is not null
            ? throw new NoActiveSchedulerException("this server is not the active scheduler: try again in a few seconds")
            : route;
    }
}
