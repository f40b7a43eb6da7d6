using Google.LongRunning;
using Google.Protobuf;
using RemoteExec.Execution;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.TestKit;
using Digest = RemoteExec.Protocol.Digest;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Conformance.Tests.Execution;

/// <summary>An action from Execute to its result: what the client is told on the way, and what is no call at all.</summary>
public sealed class ExecuteTests
{
    [Fact]
    [Rule("EXE-01")]
    [Rule("EXE-02")]
    [Rule("EXE-13")]
    [Rule("EXE-14")]
    [Rule("EXE-20")]
    [Rule("Q-10")]
    public async Task An_action_goes_to_a_worker_and_its_result_to_the_client()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker worker = server.ConnectWorker();
        Digest action = await server.StoreActionAsync();
        Digest stdout = await server.StoreBlobAsync("hello");

        await using OperationStream stream = server.Execute(action);
        Operation first = (await stream.NextAsync())!;
        SynchronizeResponse.Types.Execute lease = await worker.TakeAsync();
        Operation executing = await stream.UntilAsync(Stage.Executing);
        await worker.SucceedAsync(lease.LeaseId, new Reapi.ActionResult { StdoutDigest = stdout.ToProto() });
        Operation last = await stream.LastAsync();

        Assert.All([first, executing], operation => Assert.False(operation.Done));
        Assert.All([first, executing, last], operation =>
        {
            Reapi.ExecuteOperationMetadata metadata = OperationStream.MetadataOf(operation);
            Assert.Equal(action.ToProto(), metadata.ActionDigest);
            Assert.Equal(Reapi.DigestFunction.Types.Value.Sha256, metadata.DigestFunction);
            Assert.Equal(first.Name, operation.Name);
            Assert.Null(operation.Error);
        });
        Assert.Equal(action.ToProto(), lease.ActionDigest);
        Assert.Equal("worker", OperationStream.MetadataOf(executing).PartialExecutionMetadata.Worker);
        Assert.True(last.Done);
        Assert.Equal(Stage.Completed, OperationStream.StageOf(last));
        Assert.Equal(stdout.ToProto(), OperationStream.ResponseOf(last).Result.StdoutDigest);
        Assert.Equal(StatusCode.Ok, OperationStream.CodeOf(OperationStream.ResponseOf(last)));
        Assert.False(OperationStream.ResponseOf(last).CachedResult);
    }

    [Fact]
    [Rule("EXE-20")]
    [Rule("Q-10")]
    public async Task The_first_operation_comes_before_anything_is_known_of_the_action()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        Digest action = await server.StoreActionAsync();
        var gate = new TaskCompletionSource();
        server.Faults.Before = (_, _) => new ValueTask(gate.Task);

        await using OperationStream stream = server.Execute(action);
        Operation first = (await stream.NextAsync())!;
        gate.SetResult();

        Assert.Equal(Stage.CacheCheck, OperationStream.StageOf(first));
    }

    [Fact]
    [Rule("EXE-20")]
    [Rule("Q-19")]
    public async Task A_waiting_client_is_told_the_same_again_from_time_to_time()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker worker = server.ConnectWorker();
        await using OperationStream stream = server.Execute(await server.StoreActionAsync());
        await worker.TakeAsync();
        Operation executing = await stream.UntilAsync(Stage.Executing);
        await ExecutionServer.UntilAsync(() => server.Time.WaitingTimers >= 2); // the queue's, and the stream's

        server.Time.Advance(new ExecutionOptions().KeepAliveInterval);
        Operation again = (await stream.NextAsync())!;

        Assert.Equal(executing, again);
    }

    [Theory]
    [Rule("EXE-03")]
    [Rule("EXE-04")]
    [Rule("GEN-06")]
    [Rule("DIG-01")]
    [Rule("DIG-09")]
    [InlineData("a digest is missing", null, 0, Reapi.DigestFunction.Types.Value.Unknown)]
    [InlineData("lower-case", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 1, Reapi.DigestFunction.Types.Value.Unknown)]
    [InlineData("negative", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", -1, Reapi.DigestFunction.Types.Value.Unknown)]
    [InlineData("characters", "aaaa", 1, Reapi.DigestFunction.Types.Value.Sha256)]
    [InlineData("not supported", "aaaa", 1, Reapi.DigestFunction.Types.Value.Vso)]
    public async Task A_bad_digest_ends_the_call(string expected, string? hash, long size, Reapi.DigestFunction.Types.Value function)
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        await using OperationStream stream = server.Execute(new Reapi.ExecuteRequest
        {
            ActionDigest = hash is null ? null : new Reapi.Digest { Hash = hash, SizeBytes = size },
            DigestFunction = function,
        });

        RpcStatus status = await ExecutionServer.FailureOfAsync(async () => await stream.NextAsync());

        Assert.Equal(StatusCode.InvalidArgument, status.Code);
        Assert.Contains(expected, status.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Rule("GEN-04")]
    public async Task A_bad_instance_name_ends_the_call()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        Digest action = await server.StoreActionAsync();
        await using OperationStream stream = server.Execute(action, request => request.InstanceName = "a/operations");

        RpcStatus status = await ExecutionServer.FailureOfAsync(async () => await stream.NextAsync());

        Assert.Equal(StatusCode.InvalidArgument, status.Code);
    }

    [Fact]
    [Rule("DIG-08")]
    public async Task An_unstated_digest_function_is_inferred()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker worker = server.ConnectWorker();
        Digest action = await server.StoreActionAsync(function: RemoteExec.Protocol.DigestFunction.Sha1);

        await using OperationStream stream = server.Execute(action, request => request.DigestFunction = Reapi.DigestFunction.Types.Value.Unknown);
        SynchronizeResponse.Types.Execute lease = await worker.TakeAsync();

        Assert.Equal(Reapi.DigestFunction.Types.Value.Sha1, lease.DigestFunction);
    }

    [Fact]
    [Rule("EXE-16")]
    public async Task The_more_urgent_action_runs_first()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        Digest later = await server.StoreActionAsync("later");
        Digest sooner = await server.StoreActionAsync("sooner");
        await using OperationStream first = server.Execute(later);
        await first.UntilAsync(Stage.Queued);
        await using OperationStream second = server.Execute(
            sooner, request => request.ExecutionPolicy = new Reapi.ExecutionPolicy { Priority = -1 });
        await second.UntilAsync(Stage.Queued);

        SynchronizeResponse.Types.Execute lease = await server.ConnectWorker().TakeAsync();

        Assert.Equal(sooner.ToProto(), lease.ActionDigest);
    }

    [Fact]
    [Rule("EXE-18")]
    [Rule("GEN-05")]
    public async Task Names_are_unique_and_belong_to_the_instance()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        Digest action = await server.StoreActionAsync(instance: "some/where");
        await using OperationStream first = server.Execute(action);
        await using OperationStream second = server.Execute(action);

        string one = (await first.NextAsync())!.Name;
        string two = (await second.NextAsync())!.Name;

        Assert.Matches("^some/where/operations/[0-9a-f-]{36}$", one);
        Assert.NotEqual(one, two);
        RpcStatus status = await ExecutionServer.FailureOfAsync(() => server.GetOperationAsync(one["some/where/".Length..]));
        Assert.Equal(StatusCode.NotFound, status.Code);
    }

    [Fact]
    [Rule("RMD-01")]
    public async Task The_worker_is_told_for_whom_it_runs()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        var metadata = new Reapi.RequestMetadata { TargetId = "//some:target", ActionMnemonic = "CppCompile" };
        var options = new RpcCallOptions { Headers = new RpcMetadata() };
        options.Headers.Add(RemoteExec.Protocol.RequestMetadataHeader.Name, Convert.ToBase64String(metadata.ToByteArray()));

        await using OperationStream stream = server.Execute(await server.StoreActionAsync(), callOptions: options);
        SynchronizeResponse.Types.Execute lease = await server.ConnectWorker().TakeAsync();

        Assert.Equal(metadata, lease.RequestMetadata);
    }
}
