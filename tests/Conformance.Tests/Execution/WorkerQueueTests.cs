using RemoteExec.Execution;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.TestKit;
using Digest = RemoteExec.Protocol.Digest;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Conformance.Tests.Execution;

/// <summary>The workers' protocol, over the wire.</summary>
public sealed class WorkerQueueTests
{
    [Fact]
    public async Task A_worker_is_told_all_it_needs()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        DateTimeOffset queued = server.Time.GetUtcNow();
        Digest action = await server.StoreActionAsync("salt", instance: "some/where");
        await using OperationStream stream = server.Execute(action);
        await stream.UntilAsync(Stage.Queued);

        SynchronizeResponse response = await server.ConnectWorker().PostIdleAsync();

        Assert.Equal(new ExecutionOptions().LeaseDuration, response.LeaseDuration.ToTimeSpan());
        Assert.Equal("some/where", response.Execute.InstanceName);
        Assert.Equal(action.ToProto(), response.Execute.ActionDigest);
        Assert.Equal("salt", response.Execute.Action.Salt.ToStringUtf8());
        Assert.Equal(queued, response.Execute.QueuedTimestamp.ToDateTimeOffset());
        Assert.NotEmpty(response.Execute.LeaseId);
    }

    [Fact]
    public async Task A_post_is_held_until_there_is_something_or_the_poll_interval_is_over()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker worker = server.ConnectWorker();

        Task<SynchronizeResponse> poll = worker.PostIdleAsync();
        await ExecutionServer.UntilAsync(() => server.Time.WaitingTimers > 0);
        server.Time.Advance(new ExecutionOptions().PollInterval);
        SynchronizeResponse nothing = await poll;
        poll = worker.PostIdleAsync();
        await using OperationStream stream = server.Execute(await server.StoreActionAsync());

        Assert.NotNull(nothing.Idle);
        Assert.NotNull((await poll).Execute);
    }

    [Fact]
    public async Task A_worker_whose_connection_broke_goes_on_with_what_it_had()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker worker = server.ConnectWorker();
        await using OperationStream stream = server.Execute(await server.StoreActionAsync());
        SynchronizeResponse.Types.Execute lease = await worker.TakeAsync();

        using (var cancellation = new CancellationTokenSource())
        {
            Task<SynchronizeResponse> broken = worker.PostExecutingAsync(lease.LeaseId, cancellationToken: cancellation.Token);
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => broken);
        }

        SynchronizeResponse.Types.Execute again = await worker.TakeAsync();
        await worker.SucceedAsync(lease.LeaseId);

        Assert.Equal(lease.LeaseId, again.LeaseId);
        Assert.Equal(StatusCode.Ok, OperationStream.CodeOf(await stream.ResponseAsync()));
    }

    [Fact]
    [Rule("EXE-14")]
    public async Task A_worker_may_tell_its_progress_while_an_older_post_is_held()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker worker = server.ConnectWorker();
        await using OperationStream stream = server.Execute(await server.StoreActionAsync());
        SynchronizeResponse.Types.Execute lease = await worker.TakeAsync();
        await stream.UntilAsync(Stage.Executing);
        Task<SynchronizeResponse> older = worker.PostExecutingAsync(lease.LeaseId);
        var now = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(server.Time.GetUtcNow());
        Task<SynchronizeResponse> newer = worker.PostExecutingAsync(
            lease.LeaseId, new Reapi.ExecutedActionMetadata { ExecutionStartTimestamp = now });

        Reapi.ExecuteOperationMetadata told;
        do
            told = OperationStream.MetadataOf((await stream.NextAsync())!);
        while (told.PartialExecutionMetadata.ExecutionStartTimestamp is null);
        await worker.SucceedAsync(lease.LeaseId);

        Assert.Equal(now, told.PartialExecutionMetadata.ExecutionStartTimestamp);
        await Task.WhenAll(older, newer); // none is left unanswered
    }

    [Fact]
    public async Task A_retryable_failure_is_retried_elsewhere_after_a_rest()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker bad = server.ConnectWorker("bad");
        FakeWorker good = server.ConnectWorker("good");
        await using OperationStream other = server.Execute(await server.StoreActionAsync("other"));
        SynchronizeResponse.Types.Execute busy = await good.TakeAsync();
        await using OperationStream stream = server.Execute(await server.StoreActionAsync());
        SynchronizeResponse.Types.Execute lease = await bad.TakeAsync();

        await bad.FailAsync(lease.LeaseId, StatusCode.ResourceExhausted, "disk full", retryable: true);
        server.Time.Advance(new ExecutionOptions().RetryDelay);
        SynchronizeResponse next = await good.SucceedAsync(busy.LeaseId);
        await good.SucceedAsync(next.Execute.LeaseId);

        Assert.Equal(StatusCode.Ok, OperationStream.CodeOf(await stream.ResponseAsync()));
    }

    [Fact]
    public async Task A_worker_that_leaves_gives_its_action_back()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker leaving = server.ConnectWorker("leaving");
        await using OperationStream stream = server.Execute(await server.StoreActionAsync());
        await leaving.TakeAsync();

        SynchronizeResponse response = await leaving.LeaveAsync();

        Assert.NotNull(response.Idle);
        Assert.NotNull(await server.ConnectWorker("next").TakeAsync());
    }

    [Fact]
    public async Task An_unknown_lease_is_told_to_stop()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();

        SynchronizeResponse executing = await server.ConnectWorker().PostExecutingAsync("of an earlier server");
        SynchronizeResponse completed = await server.ConnectWorker().SucceedAsync("of an earlier server");

        Assert.NotNull(executing.Idle);
        Assert.NotNull(completed.Idle);
    }

    [Fact]
    public async Task Posts_that_make_no_sense_are_INVALID_ARGUMENT()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker worker = server.ConnectWorker();

        foreach (Action<SynchronizeRequest> fill in new Action<SynchronizeRequest>[]
        {
            request => { },
            request =>
            {
                request.SlotId = "";
                request.Idle = new SynchronizeRequest.Types.Idle();
            },
            request => request.Executing = new SynchronizeRequest.Types.Executing(),
            request => request.Completed = new SynchronizeRequest.Types.Completed(),
        })
        {
            RpcStatus status = await ExecutionServer.FailureOfAsync(() => worker.PostAsync(fill));
            Assert.Equal(StatusCode.InvalidArgument, status.Code);
        }
    }

    [Fact, Rule("EXE-14")]
    public async Task Where_a_worker_copies_its_output_to_is_told_to_those_who_wait()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker worker = server.ConnectWorker();
        await using OperationStream execute = server.Execute(await server.StoreActionAsync());
        string lease = (await worker.TakeAsync()).LeaseId;
        string first = "logstreams/" + new string('1', 32), second = "logstreams/" + new string('2', 32);

        Task<SynchronizeResponse> post = PostAsync(first, "");
        await execute.UntilAsync(metadata => metadata.StdoutStreamName == first && metadata.StderrStreamName == "");
        Task<SynchronizeResponse> next = PostAsync(second, first + "/" + new string('3', 32)); // that is none for readers
        await execute.UntilAsync(metadata => metadata.StdoutStreamName == second && metadata.StderrStreamName == "");
        await worker.SucceedAsync(lease);
        await Task.WhenAll(post, next);
        Google.LongRunning.Operation done = await execute.LastAsync();

        Assert.Equal(second, OperationStream.MetadataOf(done).StdoutStreamName);

        Task<SynchronizeResponse> PostAsync(string stdout, string stderr) => worker.PostAsync(request => request.Executing = new SynchronizeRequest.Types.Executing
        {
            LeaseId = lease,
            Metadata = new Reapi.ExecutedActionMetadata(),
            StdoutStreamName = stdout,
            StderrStreamName = stderr,
        });
    }
}
