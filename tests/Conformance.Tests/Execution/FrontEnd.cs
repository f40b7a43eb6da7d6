using Google.LongRunning;
using RemoteExec.Execution.Availability;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Execution.Services;
using RemoteExec.Protocol.Access;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Conformance.Tests.Execution;

/// <summary>A server that has no scheduler of its own, and is told by a test where the active one is.</summary>
internal sealed class FrontEnd : IAsyncDisposable
{
    private readonly InProcessServer server;
    private long epoch;

    private FrontEnd(InProcessServer server, SchedulerRouter router) => (this.server, Router) = (server, router);

    public SchedulerRouter Router { get; }

    public RpcChannel Channel => server.Channel;

    public RpcAddress Address => RpcAddress.Parse(server.Address.ToString());

    public static async Task<FrontEnd> StartAsync(TimeProvider time, Func<ActionQueue, IEnumerable<RpcService>>? serve = null)
    {
        var router = new SchedulerRouter(new PeerAccess(), time);
        var services = new ActiveSchedulerServices(router, serve ?? (_ => []), time, AccessGuard.Off);
        return new FrontEnd(
            await InProcessServer.StartAsync(
                services.Of(Reapi.RemoteExecutionReflection.Descriptor, "Execution", isForWorkers: false),
                services.Of(OperationsReflection.Descriptor, "Operations", isForWorkers: false),
                services.Of(WorkerReflection.Descriptor, "WorkerQueue", isForWorkers: true)),
            router);
    }

    /// <summary>From now on this one is the active scheduler.</summary>
    public Task FollowAsync(RpcAddress address) => Router.FollowAsync(new LeaseHolder(++epoch, new SchedulerAddresses(address, address)));

    /// <summary>Calls Execute.</summary>
    public OperationStream Execute(Reapi.ExecuteRequest request) =>
        new(Channel.Send("/build.bazel.remote.execution.v2.Execution/Execute", request, null, TestContext.Current.CancellationToken));

    public Task<Operation> GetOperationAsync(string name) => Channel.UnaryAsync<GetOperationRequest, Operation>(
        "/google.longrunning.Operations/GetOperation", new GetOperationRequest { Name = name }, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await Router.DisposeAsync();
        await server.DisposeAsync();
    }
}
