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
    public async Task A_worker_outlives_its_server_and_leaves_nothing_behind_of_what_it_ran_for_it()
    {
        using var gate = new Gate();
        workspace.Write("gated/BUILD", $"""genrule(name = "gated", outs = ["out.txt"], cmd = "{gate.Command}; echo done > $@")""");
        await using ChildProcess worker = await StartWorkerAsync(slots: 1);
        await using ChildProcess build = workspace.Start("build", server.RemoteExecutorFlag, "--remote_retries=60", "//gated");
        int[] first = await gate.WaitForAsync(1);

        await server.KillAsync();
        await server.StartAgainAsync();

        // The new server knows nothing of the action: the worker gets it anew, and has ended it before.
        int[] both = await gate.WaitForAsync(2);
        Assert.False(Directory.Exists($"/proc/{first[0]}"), $"process {first[0]} of the first attempt still runs beside {string.Join(", ", both.Except(first))}");
        gate.Open();
        Assert.True(await build.WaitForExitAsync() == 0, build.Output);
        await StopAsync(worker);
    }

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
