using System.Text.RegularExpressions;

namespace RemoteExec.EndToEnd.Tests.Bazel;

public sealed partial class RemoteWorkerTests(SharedWorkspace shared)
{
    [Fact]
    public async Task A_worker_of_its_own_runs_the_actions_and_leaves_when_it_is_told_to()
    {
        BazelWorkspace workspace = await shared.GetCleanAsync();
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0", "--worker-listen", "127.0.0.1:0");
        string address = WorkerListener().Match(server.Output).Groups["address"].Value;
        using var data = new TemporaryDirectory();
        await using ChildProcess worker = ChildProcess.Start(ServerProcess.Program, ["worker", "--server", address, "--slots", "3", "--name", "elsewhere", "--data", data.FullPath]);
        await worker.WaitForOutputAsync(output => output.Contains("ready: 3 slots of worker 'elsewhere'", StringComparison.Ordinal), "ready");

        (await workspace.BuildAsync(server.RemoteExecutorFlag, "//app/...", "//gen/...")).Succeeded().DidAllBy("remote", SampleSources.Actions);

        await worker.SignalAsync("TERM");
        Assert.Equal(0, await worker.WaitForExitAsync());
    }

    [GeneratedRegex(@"^ready: .*\bworkers on (?<address>[^,;]+)", RegexOptions.Multiline)]
    private static partial Regex WorkerListener();
}
