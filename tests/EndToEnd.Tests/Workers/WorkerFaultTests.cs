using RemoteExec.EndToEnd.Tests.Bazel;
using RemoteExec.EndToEnd.Tests.Cluster;

namespace RemoteExec.EndToEnd.Tests.Workers;

/// <summary>
/// Workers fail again and again in the middle of a real build, which Bazel is told to give up at the first failure: it succeeds, its outputs are right, and the result of each action is written to
/// the action cache once.
/// </summary>
public sealed class WorkerFaultTests(SharedWorkspace shared)
{
    private const int Workers = 8, Strikes = 9;
    private const string All = "one of these at random";

    private static readonly Dictionary<string, Func<WorkerFarm, int, Task>> strikes = new()
    {
        ["one is killed, and started again"] = (farm, worker) => farm.KillAsync(worker),
        ["half of them hang, and go on the next time, or when the build has ended"] = (farm, worker) => farm.FreezeOrThawAsync(worker),
        ["one is told to stop, and started again"] = (farm, worker) => farm.RestartAsync(worker),
    };

    /// <summary>All at random in every run of the tests, each by itself when the table is made.</summary>
    public static TheoryData<string> Cases => FaultReport.IsWanted ? [All, .. strikes.Keys] : [All];

    [Theory]
    [MemberData(nameof(Cases))]
    [Rule("CAS-04")]
    public async Task A_build_goes_on_and_writes_each_result_once(string what)
    {
        var chance = Chance.Create();
        using var runs = new TemporaryDirectory();
        File.SetUnixFileMode(runs.FullPath, (UnixFileMode)0b111_111_111);
        var build = new ClusterBuild(await shared.GetCleanAsync(), first: $"mktemp {runs["run.XXXXXXXX"]}; sleep 0.4");
        await using RedisServer results = await RedisServer.StartAsync();
        await using ServerProcess server = await ServerProcess.StartAsync(
            "--workers", "0", "--worker-listen", "127.0.0.1:0", "--set", "execution.leaseDuration=3s", "--set", $"actionCache.store={{ redis: {{ endpoints: \"{results.Endpoint}\" }} }}");
        await using WorkerFarm farm = await WorkerFarm.StartAsync(server, Workers);

        await using (ChildProcess running = build.Start(server.RemoteExecutorFlag, "--jobs=16", "--remote_retries=0"))
        {
            for (int strike = 1; strike <= Strikes; strike++)
            {
                await build.WaitForOutputsAsync(running, server, atLeast: strike * ClusterBuild.Actions / (Strikes + 1));
                Func<WorkerFarm, int, Task> fault = what == All ? strikes.Values.ElementAt(chance.Random.Next(strikes.Count)) : strikes[what];
                await fault(farm, farm.Choose(chance.Random));
            }

            Assert.True(await running.WaitForExitAsync() == 0, $"{chance}\n{running.Output}\n{server.Output}");
        }

        build.AssertOutputs();
        await farm.StopAsync(); // what was late is told by now
        int present = await build.AssertPresentIsReadableAsync(server);
        long written = await RedisCli.CountAsync(results.Port, "set") + await RedisCli.CountAsync(results.Port, "setex") + await RedisCli.CountAsync(results.Port, "psetex");
        int hits = (await build.BuildAgainAsync(server.RemoteExecutorFlag)).Succeeded().Processes.GetValueOrDefault("remote cache hit");

        int attempts = Directory.GetFiles(runs.FullPath).Length;
        Assert.InRange(attempts, ClusterBuild.Actions, int.MaxValue);
        Assert.Equal((ClusterBuild.Actions, ClusterBuild.Actions, ClusterBuild.Actions), (present, (int)written, hits));
        FaultReport.AddOfWorkers(what, Strikes, attempts, present, written, hits);
    }
}
