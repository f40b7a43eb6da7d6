using RemoteExec.EndToEnd.Tests.Bazel;
using RemoteExec.EndToEnd.Tests.Cluster;

namespace RemoteExec.EndToEnd.Tests.Scheduling;

/// <summary>Schedulers, their Redis and workers are killed in the middle of a real build: it succeeds, every action is one operation, and its result is written once.</summary>
public sealed class FailoverTests(SharedWorkspace shared)
{
    [Fact]
    public async Task A_build_does_not_notice_that_schedulers_Redis_and_workers_are_killed()
    {
        var build = new ClusterBuild(await shared.GetCleanAsync());
        await using SchedulerCluster cluster = await SchedulerCluster.StartAsync(schedulers: 2, workers: 8);
        Chance chance = Chance.Create();
        await using ChildProcess running = build.Start(cluster.Front.RemoteExecutorFlag);

        await build.WaitForOutputsAsync(running, cluster.Front, atLeast: 10);
        ServerProcess first = await cluster.FindActiveAsync();
        await first.KillAsync();
        await KillWorkersAsync(cluster, chance);
        await build.WaitForOutputsAsync(running, cluster.Front, atLeast: 22);

        await cluster.Shared.KillAsync();
        await first.StartAgainAsync();
        await cluster.Shared.StartAgainAsync();
        await KillWorkersAsync(cluster, chance);
        await build.WaitForOutputsAsync(running, cluster.Front, atLeast: 34);

        ServerProcess second = await cluster.FindActiveAsync();
        Assert.Equal(0, await second.StopAsync()); // hands over
        await build.WaitForOutputsAsync(running, cluster.Front, atLeast: 46);

        await second.StartAgainAsync();
        await first.FreezeAsync();
        Assert.True(await running.WaitForExitAsync() == 0, $"{running.Output}\n{chance}");

        build.AssertOutputs();
        var operations = await cluster.ListOperationsAsync();
        Assert.Equal(ClusterBuild.Actions, operations.Count);
        Assert.All(operations, operation => Assert.True(operation.Done));
        Assert.Equal(ClusterBuild.Actions, await cluster.CountResultsAsync());
    }

    private static async Task KillWorkersAsync(SchedulerCluster cluster, Chance chance)
    {
        foreach (int worker in new[] { chance.Random.Next(cluster.Workers), chance.Random.Next(cluster.Workers) })
        {
            await cluster.KillWorkerAsync(worker);
            await cluster.StartWorkerAsync(worker);
        }
    }
}
