using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Execution;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.TestKit;
using Digest = RemoteExec.Protocol.Digest;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Conformance.Tests.Execution;

/// <summary>What becomes of results: on their way to the client, and in the action cache.</summary>
public sealed class ResultTests
{
    [Fact]
    [Rule("EXE-08")]
    [Rule("OUT-12")]
    public async Task A_cached_result_answers_without_a_worker()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        Digest action = await server.StoreActionAsync();
        Digest stdout = await server.StoreBlobAsync("a");
        Reapi.ExecuteResponse ran = await RunAsync(server, action, new Reapi.ActionResult { StdoutDigest = stdout.ToProto() });

        await using OperationStream stream = server.Execute(action);
        List<Google.LongRunning.Operation> operations = await stream.AllAsync();
        Reapi.ExecuteResponse cached = OperationStream.ResponseOf(operations[^1]);

        Assert.False(ran.CachedResult);
        Assert.True(cached.CachedResult);
        Assert.Equal(ran.Result, cached.Result);
        Assert.All(operations, operation => Assert.NotEqual(Stage.Executing, OperationStream.StageOf(operation)));
    }

    [Fact]
    [Rule("EXE-09")]
    public async Task Skipping_the_cache_runs_the_action_again_and_the_new_result_replaces_the_old()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        Digest action = await server.StoreActionAsync();
        await RunAsync(server, action, new Reapi.ActionResult { StdoutDigest = (await server.StoreBlobAsync("old")).ToProto() });
        Digest newer = await server.StoreBlobAsync("new");

        Reapi.ExecuteResponse response = await RunAsync(
            server, action, new Reapi.ActionResult { StdoutDigest = newer.ToProto() }, request => request.SkipCacheLookup = true);

        Assert.False(response.CachedResult);
        Assert.Equal(newer.ToProto(), (await server.CachedAsync(action))?.StdoutDigest);
    }

    [Fact]
    [Rule("ACT-05")]
    public async Task Actions_that_differ_in_their_salt_alone_do_not_share_results()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        await RunAsync(server, await server.StoreActionAsync("one"), new Reapi.ActionResult());

        Reapi.ExecuteResponse other = await RunAsync(server, await server.StoreActionAsync("two"), new Reapi.ActionResult());

        Assert.False(other.CachedResult);
    }

    [Fact]
    [Rule("EXE-08")]
    [Rule("AC-02")]
    public async Task A_cached_result_whose_outputs_are_gone_is_none()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        Digest action = await server.StoreActionAsync();
        await server.Cache.PutAsync(
            action, new Reapi.ActionResult { StdoutDigest = TestBlob.Random(1, 9).Digest.ToProto() }, TestContext.Current.CancellationToken);

        await using OperationStream stream = server.Execute(action);

        Assert.NotNull(await server.ConnectWorker().TakeAsync());
    }

    [Fact]
    [Rule("EXE-11")]
    [Rule("EXE-07")]
    [Rule("AC-13")]
    [Rule("Q-13")]
    [Rule("Q-73")]
    public async Task A_command_that_fails_is_a_good_execution_and_is_not_cached()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        Digest action = await server.StoreActionAsync();

        Reapi.ExecuteResponse response = await RunAsync(server, action, new Reapi.ActionResult { ExitCode = 42 });

        Assert.Equal(StatusCode.Ok, OperationStream.CodeOf(response));
        Assert.Equal(42, response.Result.ExitCode);
        Assert.Null(await server.CachedAsync(action));
    }

    [Fact]
    [Rule("EXE-04")]
    [Rule("EXE-07")]
    [Rule("Q-12")]
    public async Task A_timeout_keeps_what_there_was_and_is_not_cached()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        Digest action = await server.StoreActionAsync();
        Digest stdout = await server.StoreBlobAsync("so far");

        Reapi.ExecuteResponse response = await RunAsync(server, action, new Reapi.ExecuteResponse
        {
            Status = new Google.Rpc.Status { Code = (int)StatusCode.DeadlineExceeded, Message = "the action ran longer than 7 s" },
            Result = new Reapi.ActionResult { StdoutDigest = stdout.ToProto(), ExitCode = 143 },
        });

        Assert.Equal(StatusCode.DeadlineExceeded, OperationStream.CodeOf(response));
        Assert.Equal(stdout.ToProto(), response.Result.StdoutDigest);
        Assert.Null(await server.CachedAsync(action));
    }

    [Fact]
    [Rule("OUT-11")]
    [Rule("OUT-12")]
    [Rule("Q-40")]
    public async Task A_result_always_has_metadata_with_the_time_it_was_queued()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        DateTimeOffset queued = server.Time.GetUtcNow();
        Digest action = await server.StoreActionAsync();

        Reapi.ExecuteResponse bare = await RunAsync(server, action, new Reapi.ActionResult());

        Assert.Equal("worker", bare.Result.ExecutionMetadata.Worker);
        Assert.Equal(queued, bare.Result.ExecutionMetadata.QueuedTimestamp.ToDateTimeOffset());
        Assert.Equal(bare.Result, await server.CachedAsync(action));
    }

    [Fact]
    [Rule("EXE-15")]
    [Rule("AC-03")]
    [Rule("AC-04")]
    public async Task Content_is_inlined_for_who_asks_and_nobody_else()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker worker = server.ConnectWorker();
        Digest action = await server.StoreActionAsync();
        Digest stdout = await server.StoreBlobAsync("to stdout");
        Digest file = await server.StoreBlobAsync("to a file");
        var result = new Reapi.ActionResult
        {
            StdoutDigest = stdout.ToProto(),
            StderrRaw = ByteString.CopyFromUtf8("to stderr"),
            OutputFiles = { new Reapi.OutputFile { Path = "out", Digest = file.ToProto() } },
        };

        await using OperationStream asking = server.Execute(action, request =>
        {
            request.InlineStdout = true;
            request.InlineStderr = true;
            request.InlineOutputFiles.Add(["out", "no/such/file"]);
        });
        await asking.UntilAsync(Stage.Queued);
        await using OperationStream other = server.Execute(action);
        await other.UntilAsync(Stage.Queued);
        await worker.SucceedAsync((await worker.TakeAsync()).LeaseId, result);
        Reapi.ActionResult inlined = (await asking.ResponseAsync()).Result;
        Reapi.ActionResult plain = (await other.ResponseAsync()).Result;

        Assert.Equal("to stdout", inlined.StdoutRaw.ToStringUtf8());
        Assert.Equal("to stderr", inlined.StderrRaw.ToStringUtf8());
        Assert.Equal("to a file", inlined.OutputFiles[0].Contents.ToStringUtf8());
        Assert.Equal(stdout.ToProto(), inlined.StdoutDigest);
        Assert.True(plain.StdoutRaw.IsEmpty);
        Assert.True(plain.StderrRaw.IsEmpty);
        Assert.Equal(TestBlob.Of("to stderr"u8.ToArray()).Digest.ToProto(), plain.StderrDigest);
        Assert.True(plain.OutputFiles[0].Contents.IsEmpty);
    }

    [Fact]
    [Rule("EXE-17")]
    public async Task Logs_and_a_message_of_the_worker_reach_the_client()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        Digest log = await server.StoreBlobAsync("a log");

        Reapi.ExecuteResponse response = await RunAsync(server, await server.StoreActionAsync(), new Reapi.ExecuteResponse
        {
            Result = new Reapi.ActionResult(),
            Message = "see https://example.org",
            ServerLogs = { ["sandbox"] = new Reapi.LogFile { Digest = log.ToProto(), HumanReadable = true } },
        });

        Assert.Equal("see https://example.org", response.Message);
        Assert.Equal(log.ToProto(), response.ServerLogs["sandbox"].Digest);
    }

    [Fact]
    [Rule("OUT-04")]
    [Rule("Q-13")]
    [Rule("Q-16")]
    public async Task Missing_outputs_and_symlinks_of_any_list_are_let_through()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        Digest action = await server.StoreActionAsync(changeCommand: command => command.OutputPaths.Add("never made"));
        var link = new Reapi.OutputSymlink { Path = "out", Target = "nowhere/at/all" };
#pragma warning disable CS0612 // deprecated, but read by old clients
        var result = new Reapi.ActionResult { OutputSymlinks = { link }, OutputFileSymlinks = { link } };

        Reapi.ExecuteResponse response = await RunAsync(server, action, result);

        Assert.Equal(link, Assert.Single(response.Result.OutputFileSymlinks));
#pragma warning restore CS0612
        Assert.Equal(link, Assert.Single(response.Result.OutputSymlinks));
        Assert.NotNull(await server.CachedAsync(action));
    }

    [Fact]
    public async Task Outputs_that_were_never_uploaded_are_an_INTERNAL_error_after_some_attempts()
    {
        TimeSpan none = TimeSpan.FromTicks(1);
        await using ExecutionServer server =
            await ExecutionServer.StartAsync(new ExecutionOptions { RetryDelay = none, LongestRetryDelay = none });
        Digest action = await server.StoreActionAsync();
        await using OperationStream stream = server.Execute(action);
        var output = new Reapi.OutputFile { Path = "out", Digest = TestBlob.Random(1, 5).Digest.ToProto() };
        var result = new Reapi.ActionResult { OutputFiles = { output } };

        for (int i = 0; i < 3; i++)
        {
            FakeWorker worker = server.ConnectWorker($"worker{i}");
            await worker.SucceedAsync((await worker.TakeAsync()).LeaseId, result);
            await worker.LeaveAsync();
        }

        Reapi.ExecuteResponse response = await stream.ResponseAsync();
        Assert.Equal(StatusCode.Internal, OperationStream.CodeOf(response));
        Assert.Contains("worker2", response.Status.Message, StringComparison.Ordinal);
        Assert.Null(await server.CachedAsync(action));
    }

    [Theory]
    [Rule("EXE-04")]
    [Rule("Q-03")]
    [Rule("Q-10")]
    [InlineData(null)]
    [InlineData(StatusCode.Ok)]
    [InlineData(StatusCode.NotFound)]
    [InlineData(StatusCode.Cancelled)]
    [InlineData(StatusCode.Unknown)]
    public async Task A_worker_that_makes_no_sense_is_an_INTERNAL_error(StatusCode? code)
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        Reapi.ExecuteResponse? senseless = code is null ? null : new Reapi.ExecuteResponse { Status = new Google.Rpc.Status { Code = (int)code } };

        Reapi.ExecuteResponse response = await RunAsync(server, await server.StoreActionAsync(), senseless);

        Assert.Equal(StatusCode.Internal, OperationStream.CodeOf(response));
        Assert.Contains("'worker'", response.Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_result_that_can_not_be_kept_still_reaches_the_client()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker worker = server.ConnectWorker();
        Digest action = await server.StoreActionAsync();
        Digest stdout = await server.StoreBlobAsync("x");
        await using OperationStream stream = server.Execute(action);
        SynchronizeResponse.Types.Execute lease = await worker.TakeAsync();
        server.ResultFaults.Fail(StoreOperation.OpenWrite, () => new StoreFullException("results", 1, "make it larger"));

        await worker.SucceedAsync(lease.LeaseId, new Reapi.ActionResult { StdoutDigest = stdout.ToProto() });

        Assert.Equal(StatusCode.Ok, OperationStream.CodeOf(await stream.ResponseAsync()));
    }

    private static Task<Reapi.ExecuteResponse> RunAsync(
        ExecutionServer server, Digest action, Reapi.ActionResult result, Action<Reapi.ExecuteRequest>? change = null) =>
        RunAsync(server, action, new Reapi.ExecuteResponse { Result = result }, change);

    private static async Task<Reapi.ExecuteResponse> RunAsync(
        ExecutionServer server, Digest action, Reapi.ExecuteResponse? response, Action<Reapi.ExecuteRequest>? change = null)
    {
        FakeWorker worker = server.ConnectWorker();
        await using OperationStream stream = server.Execute(action, change);
        await worker.CompleteAsync((await worker.TakeAsync()).LeaseId, response);
        Reapi.ExecuteResponse end = await stream.ResponseAsync();
        await worker.LeaveAsync();
        return end;
    }
}
