using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.TestKit;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Conformance.Tests.Execution;

/// <summary>What clients are told, and what becomes of actions, when a server stops.</summary>
public sealed class ShutdownTests
{
    [Fact]
    [Rule("EXE-04")]
    [Rule("Q-30")]
    public async Task A_server_that_shuts_down_sends_its_clients_elsewhere()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker worker = server.ConnectWorker();
        await using OperationStream running = server.Execute(await server.StoreActionAsync("running"));
        SynchronizeResponse.Types.Execute lease = await worker.TakeAsync();
        await using OperationStream queued = server.Execute(await server.StoreActionAsync("queued"));
        await queued.UntilAsync(Stage.Queued);

        Task drain = server.Queue.DrainAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        Reapi.ExecuteResponse refused = await queued.ResponseAsync();
        await worker.SucceedAsync(lease.LeaseId);
        Reapi.ExecuteResponse done = await running.ResponseAsync();
        await drain;

        Assert.Equal(StatusCode.Unavailable, OperationStream.CodeOf(refused));
        Assert.Equal(StatusCode.Ok, OperationStream.CodeOf(done));
    }

    [Fact]
    [Rule("EXE-04")]
    public async Task A_server_that_has_no_more_patience_ends_what_runs()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker worker = server.ConnectWorker();
        await using OperationStream running = server.Execute(await server.StoreActionAsync());
        SynchronizeResponse.Types.Execute lease = await worker.TakeAsync();
        await running.UntilAsync(Stage.Executing);
        Task<SynchronizeResponse> poll = worker.PostExecutingAsync(
            lease.LeaseId, new Reapi.ExecutedActionMetadata { WorkerStartTimestamp = new Google.Protobuf.WellKnownTypes.Timestamp() });
        await running.NextAsync(); // the post has arrived

        Task drain = server.Queue.DrainAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        server.Time.Advance(TimeSpan.FromSeconds(5));
        await drain;
        await server.Queue.DisposeAsync();

        Assert.Equal(StatusCode.Unavailable, OperationStream.CodeOf(await running.ResponseAsync()));
        Assert.NotNull((await poll).Idle);
        Assert.Equal(StatusCode.Unavailable, (await ExecutionServer.FailureOfAsync(() => worker.PostIdleAsync())).Code);
    }
}
