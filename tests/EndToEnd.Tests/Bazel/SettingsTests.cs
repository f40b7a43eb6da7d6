namespace RemoteExec.EndToEnd.Tests.Bazel;

/// <summary>What <c>remoteexec settings</c> prints is all that a real client needs.</summary>
public sealed class SettingsTests(SharedWorkspace shared) : IDisposable
{
    private readonly TemporaryDirectory files = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => files.Dispose();

    [Fact]
    public async Task Bazel_builds_with_the_printed_file_shares_results_and_has_actions_executed()
    {
        BazelWorkspace workspace = await shared.GetCleanAsync();
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "2");
        string printed = files["printed.bazelrc"];
        await PrintAsync(printed, "settings", "bazel", "--server", $"grpc://{server.GrpcAddress}");
        string? before = workspace.Settings;
        await File.AppendAllTextAsync(printed, before is null ? "" : await File.ReadAllTextAsync(before, Token), Token);
        workspace.Settings = printed;
        try
        {
            (await workspace.BuildAsync("--config=cache", "//gen/...")).Succeeded();
            await workspace.CleanAsync();
            BazelRun again = (await workspace.BuildAsync("--config=cache", "//gen/...")).Succeeded();
            Assert.Contains("remote cache hit", again.Processes.Keys);

            workspace.Write("printed/BUILD", """genrule(name = "printed", outs = ["out.txt"], cmd = "echo printed > $@")""");
            (await workspace.BuildAsync("--config=remote", "//printed")).Succeeded().DidAllBy("remote");
        }
        finally
        {
            workspace.Settings = before;
        }
    }

    [Fact]
    public async Task Ccache_finds_what_was_compiled_with_the_printed_line()
    {
        Requires.Program("ccache", "ccache");
        Requires.Program("g++", "g++");
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        await File.WriteAllTextAsync(files["hello.cc"], "int hello() { return 42; }\n", Token);
        await PrintAsync(files["env.sh"], "settings", "ccache", "--server", $"grpc://{server.GrpcAddress}", "--http", $"http://{server.HttpAddress}");

        foreach (string machine in new[] { "first", "second" })
        {
            await using ChildProcess compile = ChildProcess.Start(
                "bash", ["-c", $". ./env.sh; export CCACHE_DIR=$PWD/{machine} CCACHE_REMOTE_ONLY=true; ccache g++ -c hello.cc -o {machine}.o && ccache --print-stats > {machine}.stats"], files.FullPath);
            Assert.True(await compile.WaitForExitAsync() == 0, compile.Output);
        }

        Assert.Contains("remote_storage_hit\t1", await File.ReadAllTextAsync(files["second.stats"], Token), StringComparison.Ordinal);
    }

    private static async Task PrintAsync(string file, params string[] arguments)
    {
        await using ChildProcess print = ChildProcess.Start("bash", ["-c", $"{ServerProcess.Program} {string.Join(' ', arguments)} > {file}"]);
        Assert.True(await print.WaitForExitAsync() == 0, print.Output);
    }
}
