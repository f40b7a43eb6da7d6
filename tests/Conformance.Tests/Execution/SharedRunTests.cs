using Google.LongRunning;
using RemoteExec.Execution;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.TestKit;
using Digest = RemoteExec.Protocol.Digest;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Conformance.Tests.Execution;

/// <summary>Who shares the run of an action, and what becomes of it when clients come and go.</summary>
public sealed class SharedRunTests
{
    [Fact]
    [Rule("EXE-09")]
    [Rule("Q-14")]
    public async Task Two_clients_share_one_run()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker worker = server.ConnectWorker();
        Digest action = await server.StoreActionAsync();

        await using OperationStream first = server.Execute(action);
        Operation one = await first.UntilAsync(Stage.Queued);
        await using OperationStream second = server.Execute(action, request => request.SkipCacheLookup = true);
        Operation two = await second.UntilAsync(Stage.Queued);
        SynchronizeResponse.Types.Execute lease = await worker.TakeAsync();
        SynchronizeResponse next = await worker.SucceedAsync(lease.LeaseId);
        Reapi.ExecuteResponse[] responses = await Task.WhenAll(first.ResponseAsync(), second.ResponseAsync());

        Assert.NotEqual(one.Name, two.Name);
        Assert.NotNull(next.Idle);
        Assert.All(responses, response => Assert.Equal(StatusCode.Ok, OperationStream.CodeOf(response)));
    }

    [Fact]
    [Rule("EXE-10")]
    [Rule("ACT-04")]
    [Rule("Q-14")]
    [Rule("Q-52")]
    public async Task Actions_that_must_not_be_cached_run_once_for_each_call()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker worker = server.ConnectWorker();
        Digest action = await server.StoreActionAsync(changeAction: message => message.DoNotCache = true);

        await using OperationStream first = server.Execute(action);
        await first.UntilAsync(Stage.Queued);
        await using OperationStream second = server.Execute(action);
        await second.UntilAsync(Stage.Queued);
        SynchronizeResponse next = await worker.SucceedAsync((await worker.TakeAsync()).LeaseId);
        await worker.SucceedAsync(next.Execute.LeaseId);
        await Task.WhenAll(first.ResponseAsync(), second.ResponseAsync());

        Assert.Null(await server.CachedAsync(action));
    }

    [Fact]
    [Rule("EXE-19")]
    [Rule("EXE-18")]
    [Rule("Q-10")]
    [Rule("Q-30")]
    public async Task A_client_that_lost_its_stream_waits_on_over_another_connection()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker worker = server.ConnectWorker();
        OperationStream lost = server.Execute(await server.StoreActionAsync());
        string name = (await lost.NextAsync())!.Name;
        SynchronizeResponse.Types.Execute lease = await worker.TakeAsync();
        await lost.DisposeAsync();

        await using var channel = new RpcChannel(server.Address);
        await using var stream = new OperationStream(channel.Send(
            "/build.bazel.remote.execution.v2.Execution/WaitExecution",
            new Reapi.WaitExecutionRequest { Name = name }, null, TestContext.Current.CancellationToken));
        await stream.NextAsync();
        await worker.SucceedAsync(lease.LeaseId);

        Assert.Equal(StatusCode.Ok, OperationStream.CodeOf(await stream.ResponseAsync()));
    }

    [Fact]
    [Rule("EXE-19")]
    [Rule("Q-23")]
    public async Task A_run_that_nobody_waits_for_is_stopped()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker worker = server.ConnectWorker();
        OperationStream lost = server.Execute(await server.StoreActionAsync());
        string name = (await lost.NextAsync())!.Name;
        SynchronizeResponse.Types.Execute lease = await worker.TakeAsync();
        await lost.UntilAsync(Stage.Executing);
        await ExecutionServer.UntilAsync(() => server.Time.WaitingTimers >= 2);
        await lost.DisposeAsync();
        await ExecutionServer.UntilAsync(() => server.Time.WaitingTimers == 1); // the stream's has gone

        server.Time.Advance(new ExecutionOptions().AbandonedGrace);
        SynchronizeResponse response = await worker.PostExecutingAsync(lease.LeaseId);
        Operation operation = await server.GetOperationAsync(name);

        Assert.NotNull(response.Idle);
        Assert.Equal(StatusCode.Unavailable, OperationStream.CodeOf(OperationStream.ResponseOf(operation)));
    }
}
