using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.TestKit;
using RemoteExec.TestKit.Versions.V1_0;
using Digest = RemoteExec.Protocol.Digest;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Conformance.Tests.Execution;

/// <summary>A worker of version 1.0 at this server: it gets on without what came later.</summary>
public sealed class OldWorkerTests
{
    private const string Synchronize = "/remoteexec.worker.v1.WorkerQueue/Synchronize";

    private static Task<SynchronizeResponse> PostAsync(ExecutionServer server, string slot, Action<SynchronizeRequest> fill)
    {
        var request = new SynchronizeRequest { SlotId = slot, WorkerName = "old", Platform = new Reapi.Platform() };
        fill(request);
        return server.Channel.UnaryAsync<SynchronizeRequest, SynchronizeResponse>(Synchronize, request, TestContext.Current.CancellationToken);
    }

    private static Task<SynchronizeResponse> PostIdleAsync(ExecutionServer server, string slot) => PostAsync(server, slot, request => request.Idle = new());

    [Fact]
    public async Task It_runs_an_action_to_its_end()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        Digest action = await server.StoreActionAsync();
        await using OperationStream stream = server.Execute(action);

        SynchronizeResponse given = await PostIdleAsync(server, "slot");
        string lease = given.Execute.LeaseId;
        Assert.Equal(action.ToProto(), given.Execute.ActionDigest);
        Task<SynchronizeResponse> held = PostAsync(server, "slot", request => request.Executing = new() { LeaseId = lease, Metadata = new() { Worker = "old" } });
        Assert.Equal("old", OperationStream.MetadataOf(await stream.UntilAsync(Stage.Executing)).PartialExecutionMetadata.Worker);
        SynchronizeResponse next = await PostAsync(server, "slot", request => request.Completed = new()
        {
            LeaseId = lease,
            Response = new Reapi.ExecuteResponse { Result = new Reapi.ActionResult { ExecutionMetadata = new() { Worker = "old" } } },
        });

        Assert.NotNull(next.Idle);
        Assert.Equal("old", (await stream.ResponseAsync()).Result.ExecutionMetadata.Worker);
        Assert.NotNull(await server.CachedAsync(action));
        await held; // the later post has ended it
    }

    [Fact]
    public async Task Each_of_its_slots_counts_by_itself()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        await using OperationStream first = server.Execute(await server.StoreActionAsync("1")), second = server.Execute(await server.StoreActionAsync("2"));

        string[] leases = [(await PostIdleAsync(server, "slot-1")).Execute.LeaseId, (await PostIdleAsync(server, "slot-2")).Execute.LeaseId];

        Assert.Equal(2, leases.Distinct().Count());
    }

    [Fact]
    public async Task What_it_was_told_and_lost_it_is_told_again()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        await using OperationStream stream = server.Execute(await server.StoreActionAsync());

        string lease = (await PostIdleAsync(server, "slot")).Execute.LeaseId;

        Assert.Equal(lease, (await PostIdleAsync(server, "slot")).Execute.LeaseId);
    }

    [Fact]
    public async Task What_it_gives_back_as_it_leaves_another_worker_gets()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        Digest action = await server.StoreActionAsync();
        await using OperationStream stream = server.Execute(action);
        string lease = (await PostIdleAsync(server, "slot")).Execute.LeaseId;

        await PostAsync(server, "slot", request => request.Leaving = new());

        var again = await server.ConnectWorker("new").TakeAsync();
        Assert.Equal(action.ToProto(), again.ActionDigest);
        Assert.NotEqual(lease, again.LeaseId);
    }

    [Fact]
    public async Task It_is_told_to_stop_what_is_no_longer_wanted()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        await using OperationStream stream = server.Execute(await server.StoreActionAsync());
        string name = (await stream.UntilAsync(Stage.Queued)).Name;
        string lease = (await PostIdleAsync(server, "slot")).Execute.LeaseId;
        Task<SynchronizeResponse> held = PostAsync(server, "slot", request => request.Executing = new() { LeaseId = lease });

        await server.CancelOperationAsync(name);

        Assert.NotNull((await held).Idle);
    }

    [Fact]
    public async Task One_of_another_major_version_is_told_which_one_is_spoken_here()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();

        RpcException exception = await Assert.ThrowsAsync<RpcException>(() => server.Channel.UnaryAsync<SynchronizeRequest, SynchronizeResponse>(
            "/remoteexec.worker.v2.WorkerQueue/Synchronize", new SynchronizeRequest(), TestContext.Current.CancellationToken));

        Assert.Equal(StatusCode.Unimplemented, exception.Code);
        Assert.Contains("remoteexec.worker.v1.WorkerQueue", exception.Status.Message, StringComparison.Ordinal);
    }
}
