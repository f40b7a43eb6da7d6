using RemoteExec.EndToEnd.Tests.Bazel;

namespace RemoteExec.EndToEnd.Tests.Cluster;

/// <summary>A cluster is changed while it is used.</summary>
public sealed class ChangeTests(SharedWorkspace shared)
{
    [Theory]
    [InlineData(false, 74)]
    [InlineData(true, 100)]
    public async Task A_fourth_shard_is_added_under_load(bool isJoining, int leastPercent)
    {
        await using TestCluster cluster = await TestCluster.StartAsync(4);
        await cluster.Front.RestartAsync(cluster.FrontFlags([0, 1, 2]));
        await using var load = new ClusterLoad(cluster.Front.GrpcAddress);
        await load.WaitForAsync(2_000);
        int before = load.Written;

        await cluster.Front.RestartAsync(cluster.FrontFlags([0, 1, 2, 3], joining: isJoining ? 3 : null));

        await load.WaitForAsync(100);
        await load.StopAsync();
        int present = await load.CountAsync() - (load.Written - before);
        Assert.InRange(present * 100.0 / before, leastPercent, 100);
    }

    [Fact]
    public async Task Every_node_is_restarted_one_after_the_other_and_no_build_fails()
    {
        var build = new ClusterBuild(await shared.GetCleanAsync());
        await using TestCluster cluster = await TestCluster.StartAsync(2, mirrors: 2);
        await using var load = new ClusterLoad(cluster.Front.GrpcAddress) { Log = () => cluster.Front.Output };
        await using ChildProcess running = build.Start(cluster.Front.RemoteCacheFlag);
        await build.WaitForOutputsAsync(running, cluster.Front, atLeast: 1);

        for (int i = 0; i < cluster.Nodes.Count; i++)
        {
            int told = cluster.Front.Output.Length;
            string caughtUp = $"store 'cas.s{i / 2}' has caught up";
            Assert.Equal(0, await cluster.Nodes[i].StopAsync());
            await load.WaitForAsync(40);
            await cluster.Nodes[i].StartAgainAsync();
            await cluster.Front.WaitForOutputAsync(output => output.AsSpan(told).Contains(caughtUp, StringComparison.Ordinal), $"the front end telling that {caughtUp}");
        }

        Assert.True(await running.WaitForExitAsync() == 0, running.Output);
        build.AssertOutputs();
        await load.StopAsync();
        await load.WaitForAllAsync(); // the last node may not have been asked since it is back
        Assert.Equal(load.Written, await load.CountAsync());
        (await build.BuildAgainAsync(cluster.Front.RemoteCacheFlag)).Succeeded().DidAllBy("remote cache hit", atLeast: ClusterBuild.Actions);
    }
}
