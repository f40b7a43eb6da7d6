using RemoteExec.EndToEnd.Tests.Bazel;

namespace RemoteExec.EndToEnd.Tests.Workers;

/// <summary>A server and workers on machines of their own, made and started by the commands of docs/worker.md, and a real Bazel.</summary>
public sealed class HostsTests
{
    private const string Executor = "--remote_executor=grpc://127.0.0.1:8980"; // on the server's own machine

    [Fact]
    public async Task A_build_outlives_the_link_to_a_worker_which_comes_back_when_the_link_does()
    {
        Requires.Bazel();
        await using Hosts hosts = await Hosts.StartAsync();
        await using var gate = new Gate();
        await using var workspace = new BazelWorkspace(hosts.OnServer);
        SampleSources.WriteTo(workspace);
        workspace.Write("cut/BUILD", $"""
            genrule(name = "held", outs = ["held.txt"], cmd = "{gate.Command}; echo held > $@")
            genrule(name = "after", outs = ["after.txt"], cmd = "echo after > $@")
            """);
        await using ChildProcess server = await hosts.StartServerAsync(new Dictionary<string, string?> { ["REMOTEEXEC_EXECUTION__LEASEDURATION"] = "6s" });
        await using ChildProcess w1 = await hosts.StartWorkerAsync("w1"), w2 = await hosts.StartWorkerAsync("w2");
        (await workspace.BuildAsync(Executor, "//app/...", "//gen/...")).Succeeded().DidAllBy("remote", SampleSources.Actions);

        await using ChildProcess build = workspace.Start("build", Executor, "//cut:held");
        int first = Assert.Single(await gate.WaitForAsync(1));
        (string cutOff, ChildProcess lost, ChildProcess other) = Hosts.RunsAt(first, w1.Id) ? ("w1", w1, w2) : ("w2", w2, w1);
        Assert.True(Hosts.RunsAt(first, lost.Id));
        await hosts.CutAsync(cutOff);

        int second = Assert.Single((await gate.WaitForAsync(2)).Except([first]));
        Assert.True(Hosts.RunsAt(second, other.Id), "the action was not given to the other machine");
        gate.Open();
        Assert.True(await build.WaitForExitAsync() == 0, build.Output);
        Assert.Equal("held\n", await File.ReadAllTextAsync(workspace.Output("cut/held.txt"), TestContext.Current.CancellationToken));

        await hosts.MendAsync(cutOff);
        await StopAsync(other);
        (await workspace.BuildAsync(Executor, "//cut:after")).Succeeded().DidAllBy("remote"); // nobody else is left to do it

        await StopAsync(lost);
        await StopAsync(server);
    }

    private static async Task StopAsync(ChildProcess process)
    {
        await process.SignalAsync("TERM");
        Assert.True(await process.WaitForExitAsync() == 0, process.Output);
    }
}
