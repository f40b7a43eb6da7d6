namespace RemoteExec.EndToEnd.Tests.Bazel;

public sealed class ExecutionTests(SharedWorkspace shared) : IAsyncLifetime
{
    private static readonly string[] samples = ["//app/...", "//gen/...", "//lib/..."];
    private BazelWorkspace workspace = null!;
    private ServerProcess server = null!;

    public async ValueTask InitializeAsync()
    {
        workspace = await shared.GetCleanAsync();
        server = await ServerProcess.StartAsync("--workers", "4");
    }

    public ValueTask DisposeAsync() => server?.DisposeAsync() ?? ValueTask.CompletedTask;

    [Fact]
    public async Task What_is_executed_remotely_is_the_same_byte_for_byte_as_what_is_built_here()
    {
        (await workspace.BuildAsync(samples)).Succeeded();
        SortedDictionary<string, string> local = OutputFiles.Read(workspace, "app", "gen", "lib");
        await workspace.CleanAsync();

        (await workspace.BuildAsync([server.RemoteExecutorFlag, .. samples])).Succeeded().DidAllBy("remote", SampleSources.Actions);

        SortedDictionary<string, string> remote = OutputFiles.Read(workspace, "app", "gen", "lib");
        Assert.Empty(local.Except(remote));
        Assert.Empty(remote.Except(local));
        Assert.Contains("-> a/one", local["gen/tree/link"], StringComparison.Ordinal);
        Assert.StartsWith("x ", local["gen/tree/a/one"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_executed_once_is_found_in_the_cache()
    {
        (await workspace.RunAsync("test", [server.RemoteExecutorFlag, .. samples])).Succeeded().DidAllBy("remote", SampleSources.Actions);
        await workspace.CleanAsync();

        BazelRun again = (await workspace.RunAsync("test", [server.RemoteExecutorFlag, .. samples])).Succeeded();

        again.DidAllBy("remote cache hit", SampleSources.Actions);
        Assert.Contains("(cached) PASSED", again.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_downloaded_that_nobody_asked_for()
    {
        (await workspace.BuildAsync(server.RemoteExecutorFlag, "--remote_download_minimal", "//app:app", "//gen:large")).Succeeded().DidAllBy("remote");

        Assert.False(File.Exists(workspace.Output("app/app")));
        Assert.False(File.Exists(workspace.Output("gen/large.bin")));

        // A later build takes what it needs from the cache.
        (await workspace.BuildAsync(server.RemoteExecutorFlag, "--remote_download_toplevel", "//app:app")).Succeeded();
        Assert.True(File.Exists(workspace.Output("app/app")));
    }

    [Fact]
    public async Task Two_hundred_jobs_at_once_are_done()
    {
        (await workspace.BuildAsync(server.RemoteExecutorFlag, "--jobs=200", "//many:all")).Succeeded().DidAllBy("remote", SampleSources.Many);

        Assert.Equal("199\n", await File.ReadAllTextAsync(workspace.Output("many/g199.txt"), TestContext.Current.CancellationToken));
    }

    [Fact]
    [Rule("Q-18")]
    [Rule("EXE-16")]
    public async Task Bazel_may_give_its_actions_a_priority_but_not_what_is_cached()
    {
        (await workspace.BuildAsync(server.RemoteExecutorFlag, "--remote_execution_priority=-7", "//gen:large")).Succeeded().DidAllBy("remote");

        BazelRun refused = await workspace.BuildAsync(server.RemoteExecutorFlag, "--remote_result_cache_priority=3", "//gen:large");

        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("remote_result_cache_priority", refused.Output, StringComparison.Ordinal);
    }

    [Fact]
    [Rule("EXE-11")]
    public async Task A_failing_action_shows_what_it_wrote_to_stderr()
    {
        workspace.Write("fail/BUILD", """genrule(name = "fail", outs = ["never.txt"], cmd = "echo why it failed >&2; exit 3")""");

        BazelRun run = await workspace.BuildAsync(server.RemoteExecutorFlag, "//fail");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("why it failed", run.Output, StringComparison.Ordinal);
        Assert.Contains("Exit 3", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    [Rule("Q-12")]
    public async Task A_test_that_takes_too_long_is_a_timeout_and_shows_how_far_it_came()
    {
        workspace.Write("slow/BUILD", """sh_test(name = "slow", srcs = ["slow.sh"])""");
        workspace.Write("slow/slow.sh", "#!/bin/sh\necho so far\nsleep 600\n");
        File.SetUnixFileMode(workspace.Source("slow/slow.sh"), (UnixFileMode)0b111_101_101);

        BazelRun run = await workspace.RunAsync("test", server.RemoteExecutorFlag, "--test_timeout=1", "--test_output=all", "//slow");

        Assert.Equal(3, run.ExitCode);
        Assert.Contains("TIMEOUT", run.Output, StringComparison.Ordinal);
        Assert.Contains("so far", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_clients_build_the_same_at_once()
    {
        await using var other = new BazelWorkspace();
        SampleSources.WriteTo(other);

        BazelRun[] runs = await Task.WhenAll(new[] { workspace, other }.Select(each => each.BuildAsync([server.RemoteExecutorFlag, .. samples])));

        Assert.All(runs, run => run.Succeeded());
        Assert.Equal(OutputFiles.Read(workspace, "app", "gen", "lib"), OutputFiles.Read(other, "app", "gen", "lib"));
    }

    [Fact]
    [Rule("Q-23")]
    public async Task A_build_that_was_interrupted_is_taken_up_again()
    {
        await using var gate = new Gate();
        WriteGated(gate);
        await using (ChildProcess build = workspace.Start("build", server.RemoteExecutorFlag, "--jobs=10", "//gated:all"))
        {
            await gate.WaitForAsync(4);
            await build.SignalAsync("INT");
            Assert.Equal(8, await build.WaitForExitAsync());
        }

        gate.Open();
        (await workspace.BuildAsync(server.RemoteExecutorFlag, "--jobs=10", "//gated:all")).Succeeded();
    }

    [Fact]
    public async Task A_server_that_restarts_in_the_middle_of_a_build_does_not_end_it()
    {
        await using var gate = new Gate();
        WriteGated(gate);
        await using ChildProcess build = workspace.Start("build", server.RemoteExecutorFlag, "--remote_retries=60", "--jobs=10", "//gated:all");
        await gate.WaitForAsync(4);

        Task<int> stopped = server.StopAsync();
        gate.Open();
        Assert.Equal(0, await stopped);
        await server.StartAgainAsync();

        Assert.True(await build.WaitForExitAsync() == 0, build.Output);
    }

    [Fact]
    public async Task A_server_that_is_killed_in_the_middle_of_a_build_does_not_end_it()
    {
        await using var gate = new Gate();
        WriteGated(gate);
        await using ChildProcess build = workspace.Start("build", server.RemoteExecutorFlag, "--remote_retries=60", "--jobs=10", "//gated:all");
        await gate.WaitForAsync(4);

        await server.KillAsync();
        gate.Open();
        await server.StartAgainAsync();

        Assert.True(await build.WaitForExitAsync() == 0, build.Output);
    }

    private void WriteGated(Gate gate) => workspace.Write("gated/BUILD", string.Concat(Enumerable.Range(0, 10).Select(number =>
        $"""genrule(name = "g{number}", outs = ["g{number}.txt"], cmd = "{gate.Command}; echo {number} > $@")""" + "\n")));
}
