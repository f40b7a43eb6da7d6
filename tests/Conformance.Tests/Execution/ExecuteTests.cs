using Google.LongRunning;
using Google.Protobuf;
using RemoteExec.Execution;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.TestKit;
using Digest = RemoteExec.Protocol.Digest;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Conformance.Tests.Execution;

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

    [Fact]
    [Rule("PLT-01")]
    public async Task A_platform_that_no_worker_offers_is_refused_by_name()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker worker = server.ConnectWorker("worker", ("OSFamily", "linux"));
        Task<SynchronizeResponse> poll = worker.PostIdleAsync();
        await using OperationStream known = server.Execute(await server.StoreActionAsync("known"));
        await worker.SucceedAsync((await poll).Execute.LeaseId);
        await known.ResponseAsync();

        async Task<Reapi.ExecuteResponse> ExecuteAsync(string name, string value)
        {
            var platform = new Reapi.Platform { Properties = { new Reapi.Platform.Types.Property { Name = name, Value = value } } };
            await using OperationStream stream = server.Execute(await server.StoreActionAsync(changeAction: action => action.Platform = platform));
            return await stream.ResponseAsync();
        }

        Reapi.ExecuteResponse unknownName = await ExecuteAsync("colour", "red");
        Reapi.ExecuteResponse unknownValue = await ExecuteAsync("OSFamily", "windows");

        Assert.Equal(StatusCode.InvalidArgument, OperationStream.CodeOf(unknownName));
        Assert.Contains("'colour'", unknownName.Status.Message, StringComparison.Ordinal);
        Assert.Equal(StatusCode.FailedPrecondition, OperationStream.CodeOf(unknownValue));
        Assert.Contains("OSFamily=windows", unknownValue.Status.Message, StringComparison.Ordinal);
        Assert.Empty(unknownValue.Status.Details);
    }

    [Fact]
    [Rule("ACT-06")]
    [Rule("PLT-04")]
    public async Task The_platform_of_the_action_wins_over_that_of_the_command()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        static Reapi.Platform Family(string value) =>
            new() { Properties = { new Reapi.Platform.Types.Property { Name = "OSFamily", Value = value } } };
#pragma warning disable CS0612 // deprecated, but still sent
        Digest both = await server.StoreActionAsync(
            "both", action => action.Platform = Family("linux"), command => command.Platform = Family("windows"));
        Digest old = await server.StoreActionAsync("old", changeCommand: command => command.Platform = Family("macos"));
#pragma warning restore CS0612
        await using OperationStream first = server.Execute(both);
        await first.UntilAsync(Stage.Queued);
        await using OperationStream second = server.Execute(old);
        await second.UntilAsync(Stage.Queued);

        SynchronizeResponse.Types.Execute linux = await server.ConnectWorker("l", ("OSFamily", "linux")).TakeAsync();
        SynchronizeResponse.Types.Execute macos = await server.ConnectWorker("m", ("OSFamily", "macos")).TakeAsync();

        Assert.Equal(both.ToProto(), linux.ActionDigest);
        Assert.Equal(old.ToProto(), macos.ActionDigest);
    }

    [Fact]
    [Rule("ACT-02")]
    [Rule("ACT-03")]
    [Rule("Q-12")]
    public async Task The_worker_gets_the_timeout_of_the_action_or_else_the_servers()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker worker = server.ConnectWorker();
        await using OperationStream without = server.Execute(await server.StoreActionAsync("without"));
        SynchronizeResponse.Types.Execute first = await worker.TakeAsync();
        await worker.SucceedAsync(first.LeaseId);
        Digest limited = await server.StoreActionAsync(changeAction: action => action.Timeout = new() { Seconds = 7 });
        await using OperationStream with = server.Execute(limited);
        SynchronizeResponse.Types.Execute second = await worker.TakeAsync();

        Assert.Equal(new ExecutionOptions().DefaultTimeout, first.Timeout.ToTimeSpan());
        Assert.Equal(TimeSpan.FromSeconds(7), second.Timeout.ToTimeSpan());
    }

    [Theory]
    [Rule("ACT-02")]
    [InlineData("quick", 60, 300)]
    [InlineData("other", 3600, 86400)]
    public async Task Platforms_can_have_timeouts_of_their_own(string pool, int usual, int longest)
    {
        var rule = new RuntimeRule
        {
            Platform = new Dictionary<string, string> { ["pool"] = "quick" },
            DefaultTimeout = TimeSpan.FromMinutes(1),
            MaxTimeout = TimeSpan.FromMinutes(5),
        };
        await using ExecutionServer server = await ExecutionServer.StartAsync(new ExecutionOptions { Runtimes = [rule] });
        FakeWorker worker = server.ConnectWorker("worker", ("pool", "*"));
        Digest tooLong = await server.StoreActionAsync(changeAction: action => Change(action, longest + 1));
        Digest silent = await server.StoreActionAsync(changeAction: action => Change(action, 0));

        await using OperationStream refused = server.Execute(tooLong);
        Reapi.ExecuteResponse response = await refused.ResponseAsync();
        await using OperationStream accepted = server.Execute(silent);
        SynchronizeResponse.Types.Execute lease = await worker.TakeAsync();

        Assert.Equal(StatusCode.InvalidArgument, OperationStream.CodeOf(response));
        Assert.Contains($"{longest} s", response.Status.Message, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromSeconds(usual), lease.Timeout.ToTimeSpan());

        void Change(Reapi.Action action, int seconds)
        {
            action.Platform = new Reapi.Platform { Properties = { new Reapi.Platform.Types.Property { Name = "pool", Value = pool } } };
            action.Timeout = seconds == 0 ? null : new() { Seconds = seconds };
        }
    }

    [Theory]
    [Rule("ACT-02")]
    [InlineData(86401, 0)]
    [InlineData(long.MaxValue, 0)]
    [InlineData(-1, 0)]
    [InlineData(1, -1)]
    public async Task A_timeout_that_is_too_long_or_none_is_refused(long seconds, int nanos)
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        Digest action = await server.StoreActionAsync(changeAction: message => message.Timeout = new() { Seconds = seconds, Nanos = nanos });

        await using OperationStream stream = server.Execute(action);
        Reapi.ExecuteResponse response = await stream.ResponseAsync();

        Assert.Equal(StatusCode.InvalidArgument, OperationStream.CodeOf(response));
        Assert.Contains("timeout", response.Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Rule("EXE-04")]
    public async Task Without_any_worker_the_client_is_told_after_a_while()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        await using OperationStream stream = server.Execute(await server.StoreActionAsync());
        await stream.UntilAsync(Stage.Queued);

        server.Time.Advance(new ExecutionOptions().NoWorkerTimeout);
        Reapi.ExecuteResponse response = await stream.ResponseAsync();

        Assert.Equal(StatusCode.FailedPrecondition, OperationStream.CodeOf(response));
        Assert.Contains("no worker", response.Status.Message, StringComparison.Ordinal);
        Assert.Empty(response.Status.Details);
    }

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
