using RemoteExec.EndToEnd.Tests.Bazel;

namespace RemoteExec.EndToEnd.Tests.Cluster;

/// <summary>A part of a cluster fails in the middle of a real build: the build succeeds, its outputs are right, and what the CAS calls present can be read, with the fault and after it.</summary>
public sealed class FaultTests(SharedWorkspace shared, BackEnds backEnds)
{
    public static TheoryData<string, bool> Cases { get; } = [.. Fault.All.Select(fault => (fault.Name, fault.Executes))];

    [Theory]
    [MemberData(nameof(Cases))]
    [Rule("CAS-04")]
    [Rule("AC-02")]
    public async Task A_build_goes_on(string name, bool executes)
    {
        Fault fault = Fault.All.Single(one => one.Name == name && one.Executes == executes);
        var build = new ClusterBuild(await shared.GetCleanAsync());
        await using FaultBed bed = await FaultBed.StartAsync(fault, executes, backEnds);
        ServerProcess front = bed.Cluster.Front;
        string flag = executes ? front.RemoteExecutorFlag : front.RemoteCacheFlag;

        await using (ChildProcess running = build.Start(flag))
        {
            await build.WaitForOutputsAsync(running, front, atLeast: ClusterBuild.Actions / 4);
            await fault.Begin(bed);
            Assert.True(await running.WaitForExitAsync() == 0, running.Output);
        }

        build.AssertOutputs();
        var during = await LookAsync(build, front, flag);
        await fault.End(bed);
        var after = await LookAsync(build, front, flag);

        FaultReport.Add(name, executes, during, after);
        if (fault.KeepsBlobs)
            Assert.Equal((ClusterBuild.Actions, ClusterBuild.Actions), (during.Present, after.Present));
        if (fault.KeepsResults)
            Assert.Equal((ClusterBuild.Actions, ClusterBuild.Actions), (during.Hits, after.Hits));
    }

    /// <summary>How many outputs are present, each of which was read; and how many actions a build from nothing finds in the cache.</summary>
    private static async Task<(int Present, int Hits)> LookAsync(ClusterBuild build, ServerProcess front, string flag)
    {
        int present = await build.AssertPresentIsReadableAsync(front);
        BazelRun again = (await build.BuildAgainAsync(flag)).Succeeded();
        build.AssertOutputs();
        return (present, again.Processes.GetValueOrDefault("remote cache hit"));
    }
}
