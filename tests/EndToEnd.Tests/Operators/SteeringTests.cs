using System.Text.Json;
using RemoteExec.EndToEnd.Tests.Bazel;

namespace RemoteExec.EndToEnd.Tests.Operators;

/// <summary>An operator steers the real server with the real program, while the real Bazel builds on real workers.</summary>
public sealed class SteeringTests(SharedWorkspace shared) : IAsyncLifetime
{
    private readonly TemporaryDirectory data = new();
    private readonly Gate gate = new();
    private BazelWorkspace workspace = null!;
    private ServerProcess server = null!;

    public async ValueTask InitializeAsync()
    {
        workspace = await shared.GetCleanAsync();
        workspace.Write("steered/BUILD", $"""genrule(name = "steered", outs = ["out.txt"], cmd = "{gate.Command}; echo done > $@")""");
        server = await ServerProcess.StartAsync("--workers", "0", "--worker-listen", "127.0.0.1:0");
    }

    public async ValueTask DisposeAsync()
    {
        gate.Open();
        if (server is not null)
            await server.DisposeAsync();
        await gate.DisposeAsync();
        data.Dispose();
    }

    [Fact]
    public async Task A_build_that_an_operator_cancels_ends_and_says_so()
    {
        const string Invocation = "1b671a64-40d5-491e-99b0-da01ff1f3341";
        await using ChildProcess worker = await StartWorkerAsync("one");
        await using ChildProcess build = workspace.Start("build", server.RemoteExecutorFlag, $"--invocation_id={Invocation}", "//steered");
        await gate.WaitForAsync(1);
        using JsonDocument running = await JsonAsync("operations", "list", "--invocation", Invocation);
        Assert.Equal("Genrule", Assert.Single(running.RootElement.GetProperty("operations").EnumerateArray()).GetProperty("mnemonic").GetString());

        Assert.Equal("1 operation cancelled\n", await RunAsync("operations", "cancel", "--invocation", Invocation));

        Assert.NotEqual(0, await build.WaitForExitAsync());
        Assert.Contains("an operator has cancelled this build", build.Output, StringComparison.Ordinal);
        using JsonDocument done = await JsonAsync("operations", "list", "--done", "--invocation", Invocation);
        string?[] outcomes = [.. done.RootElement.GetProperty("operations").EnumerateArray().Select(operation => operation.GetProperty("outcome").GetString())];
        Assert.Equal("cancelled", outcomes[^1]); // the oldest
        Assert.All(outcomes[..^1], outcome => Assert.Equal("refused", outcome));
        using JsonDocument idle = await JsonAsync("operations", "list");
        Assert.Empty(idle.RootElement.GetProperty("operations").EnumerateArray());
    }

    [Fact]
    public async Task A_worker_that_is_drained_ends_what_it_runs_and_gets_nothing_new_before_it_is_taken_back()
    {
        await using ChildProcess worker = await StartWorkerAsync("one");
        await using ChildProcess build = workspace.Start("build", server.RemoteExecutorFlag, "//steered");
        await gate.WaitForAsync(1);
        await using ChildProcess drain = Start("workers", "drain", "one", "--wait");
        await UntilAsync(async () => (await RunAsync("workers", "list")).Contains("draining", StringComparison.Ordinal));
        Assert.False(drain.HasExited, drain.Output);

        gate.Open();

        Assert.True(await drain.WaitForExitAsync() == 0, drain.Output);
        Assert.StartsWith("1 worker drained: nothing runs there any more", drain.Output, StringComparison.Ordinal);
        Assert.True(await build.WaitForExitAsync() == 0, build.Output);
        workspace.Write("steered/BUILD", """genrule(name = "steered", outs = ["out.txt"], cmd = "echo more > $@")""");
        await using ChildProcess next = workspace.Start("build", server.RemoteExecutorFlag, "//steered");
        await UntilAsync(async () => (await RunAsync("operations", "list")).Contains("queued", StringComparison.Ordinal));
        await RunAsync("workers", "undrain", "one");
        Assert.True(await next.WaitForExitAsync() == 0, next.Output);
    }

    [Fact]
    public async Task What_outlasts_the_grace_of_a_drain_is_run_by_another_worker()
    {
        await using ChildProcess first = await StartWorkerAsync("one");
        await using ChildProcess build = workspace.Start("build", server.RemoteExecutorFlag, "//steered");
        await gate.WaitForAsync(1);
        await using ChildProcess second = await StartWorkerAsync("two");

        await RunAsync("workers", "drain", "one", "--grace", "100ms", "--wait");

        await gate.WaitForAsync(2);
        using JsonDocument running = await JsonAsync("operations", "list", "--worker", "t*");
        Assert.Single(running.RootElement.GetProperty("operations").EnumerateArray());
        gate.Open();
        Assert.True(await build.WaitForExitAsync() == 0, build.Output);
    }

    [Fact]
    public async Task What_is_watched_is_shown_anew_until_it_is_interrupted()
    {
        await using ChildProcess watch = Start("workers", "list", "--watch");
        await watch.WaitForOutputAsync(output => output.Contains("no worker is connected", StringComparison.Ordinal), "an empty list");
        await using ChildProcess worker = await StartWorkerAsync("one");

        await watch.WaitForOutputAsync(output => output.Contains("one   ready", StringComparison.Ordinal), "the worker");
        await watch.SignalAsync("INT");

        Assert.Equal(0, await watch.WaitForExitAsync());
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        while (!await condition())
            await Task.Delay(TimeSpan.FromMilliseconds(50), TestContext.Current.CancellationToken);
    }

    private ChildProcess Start(params string[] arguments) => ChildProcess.Start(ServerProcess.Program, [.. arguments, "--server", server.GrpcAddress]);

    private async Task<string> RunAsync(params string[] arguments)
    {
        await using ChildProcess command = Start(arguments);
        Assert.True(await command.WaitForExitAsync() == 0, command.Output);
        return command.Output;
    }

    private async Task<JsonDocument> JsonAsync(params string[] arguments) => JsonDocument.Parse(await RunAsync([.. arguments, "--json"]));

    private async Task<ChildProcess> StartWorkerAsync(string name)
    {
        ChildProcess worker = ChildProcess.Start(
            ServerProcess.Program, ["worker", "--server", server.WorkerAddress, "--slots", "1", "--name", name, "--data", data[name]]);
        await worker.WaitForOutputAsync(output => output.Contains($"started: worker '{name}' runs ", StringComparison.Ordinal), "started");
        return worker;
    }
}
