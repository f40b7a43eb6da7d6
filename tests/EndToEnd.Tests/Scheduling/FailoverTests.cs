using Google.LongRunning;
using RemoteExec.EndToEnd.Tests.Bazel;
using RemoteExec.EndToEnd.Tests.Cluster;

namespace RemoteExec.EndToEnd.Tests.Scheduling;

/// <summary>
/// Schedulers, their Redis and workers fail in the middle of a real build: it succeeds, each action is one operation, and its result is written once. Every fault is tried by itself where a
/// report is made, and all in one build everywhere.
/// </summary>
public sealed class FailoverTests(SharedWorkspace shared)
{
    public static TheoryData<string> Faults { get; } =
        [.. (FaultReport.IsWanted ? SchedulerFault.Each : []).Append(SchedulerFault.Everything).Select(fault => fault.Name)];

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_build_does_not_notice(string name)
    {
        SchedulerFault fault = SchedulerFault.Each.Append(SchedulerFault.Everything).Single(one => one.Name == name);
        var build = new ClusterBuild(await shared.GetCleanAsync());
        await using SchedulerCluster cluster = await SchedulerCluster.StartAsync(schedulers: 2, workers: 8, fault.KeepsRedis);
        Chance chance = Chance.Create();
        await using ChildProcess running = build.Start(cluster.Front.RemoteExecutorFlag);
        var run = new SchedulerFaultRun(cluster, build, running, chance);

        await run.GoOnAsync(10);
        await fault.Strike(run);

        Assert.True(await running.WaitForExitAsync() == 0, $"{running.Output}\n{chance}");
        build.AssertOutputs();
        IReadOnlyList<Operation> operations = await cluster.ListOperationsAsync();
        long results = await cluster.CountResultsAsync();
        FaultReport.AddOfSchedulers(name, operations.Count, results, run.Takeovers);
        Assert.Equal(ClusterBuild.Actions, operations.Count);
        Assert.All(operations, operation => Assert.True(operation.Done));
        Assert.Equal(ClusterBuild.Actions, results);
    }
}
