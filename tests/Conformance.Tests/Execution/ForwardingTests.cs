using Google.LongRunning;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Execution.Availability;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Server;
using RemoteExec.TestKit;
using Digest = RemoteExec.Protocol.Digest;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Conformance.Tests.Execution;

/// <summary>Servers that are not the active scheduler carry calls on to it.</summary>
public sealed class ForwardingTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Clients_and_workers_of_a_front_end_meet_at_the_active_scheduler()
    {
        await using ExecutionServer active = await ExecutionServer.StartAsync();
        await using FrontEnd front = await FrontEnd.StartAsync(TimeProvider.System);
        await front.FollowAsync(active.Address);
        var worker = new FakeWorker(front.Channel, "worker", []);
        Digest action = await active.StoreActionAsync();

        await using OperationStream execute = front.Execute(new Reapi.ExecuteRequest { ActionDigest = action.ToProto() });
        string name = (await execute.NextAsync())!.Name;
        SynchronizeResponse.Types.Execute lease = await worker.TakeAsync();
        await execute.UntilAsync(Stage.Executing);
        Assert.Equal(await active.GetOperationAsync(name), await front.GetOperationAsync(name));
        await worker.SucceedAsync(lease.LeaseId);
        Operation last = await execute.LastAsync();

        Assert.True(last.Done);
        Assert.NotNull(await active.CachedAsync(action));
        RpcStatus status = await ExecutionServer.FailureOfAsync(() => front.GetOperationAsync("operations/none"));
        Assert.Equal(StatusCode.NotFound, status.Code);
    }

    [Fact]
    public async Task Who_makes_a_call_is_told_to_the_active_scheduler()
    {
        await using ExecutionServer active = await ExecutionServer.StartAsync();
        await using FrontEnd front = await FrontEnd.StartAsync(TimeProvider.System);
        await front.FollowAsync(active.Address);
        Digest action = await active.StoreActionAsync();
        var headers = new RpcMetadata();
        headers.AddBinary("build.bazel.remote.execution.v2.requestmetadata-bin", new Reapi.RequestMetadata { ToolInvocationId = "the-build" }.ToByteArray());

        await using var execute = new OperationStream(front.Channel.Send(
            "/build.bazel.remote.execution.v2.Execution/Execute", new Reapi.ExecuteRequest { ActionDigest = action.ToProto() }, new RpcCallOptions { Headers = headers }, Token));
        SynchronizeResponse.Types.Execute lease = await new FakeWorker(front.Channel, "worker", []).TakeAsync();

        Assert.Equal("the-build", lease.RequestMetadata.ToolInvocationId);
    }

    [Fact]
    public async Task An_Execute_whose_scheduler_dies_goes_on_at_the_next_one_as_a_WaitExecution()
    {
        await using InProcessServer first = await InProcessServer.StartAsync(
            Execution((_, responses, call) => SendAndHangAsync(responses, call, Operation("operations/1", Stage.Executing)), WaitIsAnError));
        var waited = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using InProcessServer second = await InProcessServer.StartAsync(Execution(
            (_, _, _) => throw new InvalidOperationException("executed twice"),
            async (request, responses, _) =>
            {
                waited.SetResult(request.Name);
                await responses.WriteAsync(Operation("operations/1", Stage.Completed));
            }));
        await using FrontEnd front = await FrontEnd.StartAsync(TimeProvider.System);
        await front.FollowAsync(AddressOf(first));
        await using OperationStream execute = front.Execute(new Reapi.ExecuteRequest());
        Assert.Equal("operations/1", (await execute.NextAsync())!.Name);

        await first.StopAsync();
        await front.FollowAsync(AddressOf(second));

        Assert.True((await execute.NextAsync())!.Done);
        Assert.Null(await execute.NextAsync());
        Assert.Equal("operations/1", await waited.Task);
    }

    [Fact]
    public async Task An_Execute_of_which_nothing_was_heard_is_not_started_twice()
    {
        await using ExecutionServer active = await ExecutionServer.StartAsync();
        await using FrontEnd front = await FrontEnd.StartAsync(TimeProvider.System);
        Digest action = await active.StoreActionAsync(changeAction: action => action.DoNotCache = true); // not merged with another, either
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using InProcessServer swallowing = await InProcessServer.StartAsync(Execution(
            async (request, unused, call) =>
            {
                // It passes the call on with all that came with it, and keeps the answers to itself.
                var headers = new RpcMetadata { { "remoteexec-forwarded", "1" }, { "remoteexec-operation", call.GetRequestHeader("remoteexec-operation")! } };
                await foreach (Operation _ in active.Channel.ServerStreamAsync<Reapi.ExecuteRequest, Operation>(call.Method, request, call.CancellationToken, new RpcCallOptions { Headers = headers }))
                    reached.TrySetResult();
            },
            WaitIsAnError));
        await front.FollowAsync(AddressOf(swallowing));
        await using OperationStream execute = front.Execute(new Reapi.ExecuteRequest { ActionDigest = action.ToProto() });
        await reached.Task;

        await front.FollowAsync(active.Address);
        string name = (await execute.NextAsync())!.Name;

        ListOperationsResponse all = await active.OperationsAsync<ListOperationsRequest, ListOperationsResponse>("ListOperations", new ListOperationsRequest());
        Assert.Equal([name], all.Operations.Select(operation => operation.Name));
    }

    [Fact]
    public async Task A_scheduler_that_is_cut_off_is_left_as_soon_as_there_is_another()
    {
        await using InProcessServer first = await InProcessServer.StartAsync(
            Execution((_, responses, call) => SendAndHangAsync(responses, call, Operation("operations/1", Stage.Executing)), WaitIsAnError));
        await using InProcessServer second = await InProcessServer.StartAsync(Execution(
            (_, _, _) => throw new InvalidOperationException("executed twice"),
            async (_, responses, _) => await responses.WriteAsync(Operation("operations/1", Stage.Completed))));
        await using FrontEnd front = await FrontEnd.StartAsync(TimeProvider.System);
        await front.FollowAsync(AddressOf(first));
        await using OperationStream execute = front.Execute(new Reapi.ExecuteRequest());
        await execute.NextAsync();

        await front.FollowAsync(AddressOf(second)); // the first still runs, and says nothing

        Assert.True((await execute.NextAsync())!.Done);
    }

    [Fact]
    public async Task A_call_waits_for_a_scheduler_and_is_made_again_if_the_first_does_not_answer()
    {
        await using ExecutionServer active = await ExecutionServer.StartAsync();
        await using FrontEnd front = await FrontEnd.StartAsync(TimeProvider.System);
        await using OperationStream execute = active.Execute(await active.StoreActionAsync());
        string name = (await execute.NextAsync())!.Name;

        Task<Operation> get = front.GetOperationAsync(name);
        await front.FollowAsync(RpcAddress.Parse($"127.0.0.1:{FreePorts.First(1)}"));
        await front.FollowAsync(active.Address);

        Assert.Equal(name, (await get).Name);
    }

    [Fact]
    public async Task Without_any_scheduler_calls_fail_as_UNAVAILABLE_after_some_seconds()
    {
        var time = new ManualTimeProvider();
        await using FrontEnd front = await FrontEnd.StartAsync(time);
        Task<Operation> get = front.GetOperationAsync("operations/1");
        await ExecutionServer.UntilAsync(() => time.WaitingTimers > 0);
        Assert.False(get.IsCompleted);

        time.Advance(SchedulerRouter.Patience);

        RpcStatus status = await ExecutionServer.FailureOfAsync(() => get);
        Assert.Equal(StatusCode.Unavailable, status.Code);
        Assert.Contains("try again", status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_scheduler_that_can_not_be_reached_is_tried_for_some_seconds()
    {
        var time = new ManualTimeProvider();
        await using FrontEnd front = await FrontEnd.StartAsync(time);
        await front.FollowAsync(RpcAddress.Parse($"127.0.0.1:{FreePorts.First(1)}"));

        Task<Operation> get = front.GetOperationAsync("operations/1");
        while (!get.IsCompleted)
        {
            if (time.WaitingTimers > 0)
                time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        RpcStatus status = await ExecutionServer.FailureOfAsync(() => get);
        Assert.Equal(StatusCode.Unavailable, status.Code);
        Assert.Contains("can't be reached", status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_forwarded_is_not_forwarded_again()
    {
        await using FrontEnd first = await FrontEnd.StartAsync(TimeProvider.System);
        await using FrontEnd second = await FrontEnd.StartAsync(TimeProvider.System);
        await second.FollowAsync(first.Address); // each takes the other for the active one
        await first.FollowAsync(second.Address);
        var forwarded = new RpcCallOptions { Headers = new RpcMetadata { { "remoteexec-forwarded", "1" } } };

        RpcStatus status = await ExecutionServer.FailureOfAsync(() => first.Channel.UnaryAsync<GetOperationRequest, Operation>(
            "/google.longrunning.Operations/GetOperation", new GetOperationRequest { Name = "operations/1" }, Token, forwarded));

        Assert.Equal(StatusCode.Unavailable, status.Code);
        Assert.Contains("not the active scheduler", status.Message, StringComparison.Ordinal);
    }

    private static RpcAddress AddressOf(InProcessServer server) => RpcAddress.Parse(server.Address.ToString());

    private static Operation Operation(string name, Stage stage) =>
        new() { Name = name, Done = stage == Stage.Completed, Metadata = Any.Pack(new Reapi.ExecuteOperationMetadata { Stage = stage }) };

    private static RpcService Execution(
        Func<Reapi.ExecuteRequest, RpcResponseStream<Operation>, RpcCall, Task> execute, Func<Reapi.WaitExecutionRequest, RpcResponseStream<Operation>, RpcCall, Task> wait) =>
        new RpcService(Reapi.RemoteExecutionReflection.Descriptor, "Execution").ServerStream("Execute", execute).ServerStream("WaitExecution", wait);

    private static Task WaitIsAnError(Reapi.WaitExecutionRequest request, RpcResponseStream<Operation> responses, RpcCall call) =>
        throw new InvalidOperationException("nobody waits here");

    private static async Task SendAndHangAsync(RpcResponseStream<Operation> responses, RpcCall call, Operation operation)
    {
        await responses.WriteAsync(operation);
        await Task.Delay(Timeout.Infinite, call.CancellationToken);
    }
}
