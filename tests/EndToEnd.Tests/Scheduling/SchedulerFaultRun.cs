using RemoteExec.EndToEnd.Tests.Cluster;

namespace RemoteExec.EndToEnd.Tests.Scheduling;

/// <summary>A build under way, and what a fault can do to what runs it.</summary>
/// <param name="cluster">What runs it.</param>
/// <param name="build">The build.</param>
/// <param name="running">Bazel.</param>
/// <param name="chance">Draws who is struck.</param>
internal sealed class SchedulerFaultRun(SchedulerCluster cluster, ClusterBuild build, ChildProcess running, Chance chance)
{
    private int outputs;

    /// <summary>How long it took until another scheduler was the active one, each time one was lost.</summary>
    public IEnumerable<TimeSpan> Takeovers => losses.Select(moment => cluster.TakenOverAfter(moment)).OfType<TimeSpan>();

    private readonly List<DateTimeOffset> losses = [];

    /// <summary>Lets the build go on until there are further outputs.</summary>
    public async Task GoOnAsync(int further) => await build.WaitForOutputsAsync(running, cluster.Front, outputs += further);

    public async Task<ServerProcess> KillActiveAsync()
    {
        ServerProcess active = await LoseActiveAsync();
        await active.KillAsync();
        return active;
    }

    public async Task FreezeActiveAsync() => await (await LoseActiveAsync()).FreezeAsync();

    public async Task<ServerProcess> StopActiveAsync()
    {
        ServerProcess active = await LoseActiveAsync();
        Assert.Equal(0, await active.StopAsync());
        return active;
    }

    public async Task RestartRedisAsync()
    {
        await cluster.Shared.KillAsync();
        await cluster.Shared.StartAgainAsync();
    }

    public async Task ReplaceWorkersAsync(int count)
    {
        for (int i = 0; i < count; i++)
        {
            int worker = chance.Random.Next(cluster.Workers);
            await cluster.KillWorkerAsync(worker);
            await cluster.StartWorkerAsync(worker);
        }
    }

    private async Task<ServerProcess> LoseActiveAsync()
    {
        ServerProcess active = await cluster.FindActiveAsync();
        losses.Add(TimeProvider.System.GetUtcNow());
        return active;
    }
}
