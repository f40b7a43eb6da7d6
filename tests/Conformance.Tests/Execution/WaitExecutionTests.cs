using Google.LongRunning;
using RemoteExec.Execution;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.TestKit;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Conformance.Tests.Execution;

public sealed class WaitExecutionTests
{
    [Fact]
    [Rule("WEX-01")]
    public async Task The_state_at_hand_comes_at_once_and_the_end_when_it_is_there()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker worker = server.ConnectWorker();
        await using OperationStream execute = server.Execute(await server.StoreActionAsync());
        string name = (await execute.NextAsync())!.Name;
        SynchronizeResponse.Types.Execute lease = await worker.TakeAsync();
        await execute.UntilAsync(Stage.Executing);

        await using OperationStream wait = server.Wait(name);
        Operation first = (await wait.NextAsync())!;
        await worker.SucceedAsync(lease.LeaseId);
        Operation last = await wait.LastAsync();

        Assert.Equal(Stage.Executing, OperationStream.StageOf(first));
        Assert.True(last.Done);
        Assert.Equal(await execute.LastAsync(), last);
    }

    [Theory]
    [Rule("WEX-02")]
    [InlineData("operations/00000000-0000-0000-0000-000000000001")]
    [InlineData("instance/operations/00000000-0000-0000-0000-000000000001")]
    [InlineData("made up")]
    [InlineData("operations/")]
    [InlineData("")]
    public async Task An_unknown_operation_is_NOT_FOUND(string name)
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        await using OperationStream stream = server.Wait(name);

        RpcStatus status = await ExecutionServer.FailureOfAsync(async () => await stream.NextAsync());

        Assert.Equal(StatusCode.NotFound, status.Code);
    }

    [Fact]
    [Rule("WEX-03")]
    [Rule("Q-10")]
    [Rule("Q-30")]
    public async Task A_done_operation_can_be_asked_for_a_while_and_never_changes()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker worker = server.ConnectWorker();
        await using OperationStream execute = server.Execute(await server.StoreActionAsync());
        SynchronizeResponse.Types.Execute lease = await worker.TakeAsync();
        await worker.SucceedAsync(lease.LeaseId);
        Operation done = await execute.LastAsync();

        await server.CancelOperationAsync(done.Name);
        await using OperationStream soon = server.Wait(done.Name);
        List<Operation> operations = await soon.AllAsync();
        server.Time.Advance(new ExecutionOptions().Retention);
        await using OperationStream late = server.Wait(done.Name);
        RpcStatus status = await ExecutionServer.FailureOfAsync(async () => await late.NextAsync());

        Assert.Equal([done], operations);
        Assert.Equal(StatusCode.NotFound, status.Code);
    }

    [Fact]
    [Rule("Q-31")]
    [Rule("EXE-12")]
    [Rule("EXE-13")]
    public async Task A_lost_worker_does_not_make_the_stage_go_back()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker lost = server.ConnectWorker("lost");
        await using OperationStream stream = server.Execute(await server.StoreActionAsync());
        SynchronizeResponse.Types.Execute first = await lost.TakeAsync();
        await stream.UntilAsync(Stage.Executing);

        server.Time.Advance(new ExecutionOptions().LeaseDuration);
        FakeWorker other = server.ConnectWorker("other");
        SynchronizeResponse.Types.Execute second = await other.TakeAsync();
        await other.SucceedAsync(second.LeaseId);
        List<Operation> rest = await stream.AllAsync();

        Assert.NotEqual(first.LeaseId, second.LeaseId);
        Assert.All(rest, operation => Assert.True(OperationStream.StageOf(operation) >= Stage.Executing));
        Assert.Equal("other", OperationStream.ResponseOf(rest[^1]).Result.ExecutionMetadata.Worker);
    }
}
