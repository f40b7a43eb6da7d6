using Google.LongRunning;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Bazel;

public sealed class RemoteWorkerTests(SharedWorkspace shared) : IAsyncLifetime
{
    private readonly TemporaryDirectory data = new();
    private BazelWorkspace workspace = null!;
    private ServerProcess server = null!;

    public async ValueTask InitializeAsync()
    {
        workspace = await shared.GetCleanAsync();
        server = await ServerProcess.StartAsync("--workers", "0", "--worker-listen", "127.0.0.1:0");
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
            await server.DisposeAsync();
        data.Dispose();
    }

    [Fact]
    public async Task A_worker_of_its_own_runs_the_actions_and_leaves_when_it_is_told_to()
    {
        await using ChildProcess worker = await StartWorkerAsync(slots: 3);

        (await workspace.BuildAsync(server.RemoteExecutorFlag, "//app/...", "//gen/...")).Succeeded().DidAllBy("remote", SampleSources.Actions);

        await StopAsync(worker);
    }

    [Fact]
    public async Task What_a_worker_runs_while_its_server_is_killed_and_started_again_counts_and_is_not_run_twice()
    {
        await using var gate = new Gate();
        workspace.Write("gated/BUILD", $"""genrule(name = "gated", outs = ["out.txt"], cmd = "{gate.Command}; echo done > $@")""");
        await using ChildProcess worker = await StartWorkerAsync(slots: 1);
        await using ChildProcess build = workspace.Start("build", server.RemoteExecutorFlag, "--remote_retries=60", "//gated");
        int[] running = await gate.WaitForAsync(1);

        await server.KillAsync();
        await server.StartAgainAsync();

        gate.Open();
        Assert.True(await build.WaitForExitAsync() == 0, build.Output);
        Assert.Equal(running, await gate.WaitForAsync(1));
        await StopAsync(worker);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_waits_for_a_worker_is_there_when_the_server_is_started_again(bool isKilled)
    {
        workspace.Write("waiting/BUILD", $"""genrule(name = "waiting", outs = ["out.txt"], cmd = "echo {isKilled} > $@")""");
        await using ChildProcess build = workspace.Start("build", server.RemoteExecutorFlag, "--remote_retries=60", "//waiting");
        string name = await WaitForOperationAsync();

        if (isKilled)
            await server.KillAsync();
        else
            Assert.Equal(0, await server.StopAsync());
        await server.StartAgainAsync();

        await using var channel = new RpcChannel(RpcAddress.Parse(server.GrpcAddress));
        Assert.Equal(name, (await ListAsync(channel)).Single().Name);
        await using ChildProcess worker = await StartWorkerAsync(slots: 1);
        await foreach (Operation operation in channel.ServerStreamAsync<Reapi.WaitExecutionRequest, Operation>(
            "/build.bazel.remote.execution.v2.Execution/WaitExecution", new Reapi.WaitExecutionRequest { Name = name }, TestContext.Current.CancellationToken))
            Assert.Equal(name, operation.Name);
        Assert.True(await build.WaitForExitAsync() == 0, build.Output);
        Assert.Single(await ListAsync(channel)); // the client has asked for it again, and not for another
        await StopAsync(worker);
    }

    private async Task<string> WaitForOperationAsync()
    {
        await using var channel = new RpcChannel(RpcAddress.Parse(server.GrpcAddress));
        while (true)
        {
            // Queued: what is only being prepared may be asked for as well, but its name is not yet with the client.
            if (await ListAsync(channel) is [var operation] && operation.Metadata.Unpack<Reapi.ExecuteOperationMetadata>().Stage == Reapi.ExecutionStage.Types.Value.Queued)
                return operation.Name;
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    private static async Task<IReadOnlyList<Operation>> ListAsync(RpcChannel channel) => (await channel.UnaryAsync<ListOperationsRequest, ListOperationsResponse>(
        "/google.longrunning.Operations/ListOperations", new ListOperationsRequest(), TestContext.Current.CancellationToken)).Operations;

    private async Task<ChildProcess> StartWorkerAsync(int slots)
    {
        ChildProcess worker = ChildProcess.Start(
            ServerProcess.Program,
            ["worker", "--server", server.WorkerAddress, "--slots", $"{slots}", "--name", "elsewhere", "--data", data.FullPath]);
        await worker.WaitForOutputAsync(output => output.Contains("started: worker 'elsewhere' runs ", StringComparison.Ordinal), "started");
        return worker;
    }

    private async Task StopAsync(ChildProcess worker)
    {
        await worker.SignalAsync("TERM");
        Assert.Equal(0, await worker.WaitForExitAsync());
        Assert.Empty(Directory.EnumerateFileSystemEntries(data["worker", "actions"]));
    }
}
