using System.Globalization;
using RemoteExec.EndToEnd.Tests.Bazel;
using RemoteExec.EndToEnd.Tests.Cluster;
using RemoteExec.EndToEnd.Tests.Helm;

namespace RemoteExec.EndToEnd.Tests.Upgrades;

/// <summary>
/// A rolling upgrade as docs/operations.md tells it: each process of a cluster in turn is told to stop, and started anew, while actions run, and blobs are written and read. The cluster is the
/// chart's, with TLS between its servers.
/// </summary>
public sealed class RollingUpgradeTests(Chart chart, SharedWorkspace shared)
{
    [Fact]
    public async Task No_client_notices_no_action_is_lost_and_what_was_acknowledged_is_there()
    {
        var build = new ClusterBuild(await shared.GetCleanAsync(), first: "sleep 1");
        await using PodCluster cluster = await PodCluster.StartAsync(
            chart, null, "tls.servers.enabled=true", "storage.shards=2", "storage.mirrors=2", "front.replicas=2", "scheduler.replicas=2", "pools.default.replicas=2", "pools.default.slots=3");
        await using ActionLoad actions = new($"grpc://{cluster.Address}") { Log = () => string.Join("\n", cluster.Pods.Select(pod => $"--- {pod.Name} (ready: {pod.IsReady}):\n{pod.Output}")) };
        ClusterLoad[] blobs = [.. cluster.Of("front").Select(front => new ClusterLoad($"grpc://{front.Address}:8980", $"grpc://{cluster.Address}") { Log = () => front.Output })];
        try
        {
            await using ChildProcess running = build.Start($"--remote_executor=grpc://{cluster.Address}"); // with as many retries as Bazel makes by itself
            await actions.WaitForAsync(5);

            foreach (Pod node in cluster.Of("storage"))
                await ReplaceNodeAsync(cluster, node, blobs);
            foreach (Pod pod in (IEnumerable<Pod>)[.. cluster.Of("scheduler"), .. cluster.Of("front"), .. cluster.Of("worker")])
                await ReplaceAsync(pod, whileAway: () => actions.WaitForAsync(3));

            Assert.True(await running.WaitForExitAsync() == 0, running.Output);
            build.AssertOutputs();
            await actions.StopAsync();
            await actions.AssertAllIsThereAsync();
            foreach (ClusterLoad load in blobs)
            {
                await load.StopAsync();
                Assert.Equal(load.Written, await load.CountAsync());
            }

            Assert.Equal(actions.Done + ClusterBuild.Actions, await RedisCli.CountAsync(cluster.Results.Port, "set")); // each result was written once
            string report = string.Create(
                CultureInfo.InvariantCulture,
                $"{cluster.Pods.Count} processes replaced; {actions.Done} actions with {actions.Retried} calls made again, a build of {ClusterBuild.Actions} actions, {blobs.Sum(load => load.Written)} blobs: nothing lost\n");
            await File.WriteAllTextAsync(Path.Combine(Directory.CreateDirectory(Repository.Path("artifacts", "rolling")).FullName, "report.txt"), report, TestContext.Current.CancellationToken);
        }
        finally
        {
            foreach (ClusterLoad load in blobs)
                await load.DisposeAsync();
        }
    }

    // The next node is not replaced before each front end has told that this one has what was written meanwhile, and whoever could not reach it that he can.
    private static async Task ReplaceNodeAsync(PodCluster cluster, Pod node, ClusterLoad[] blobs)
    {
        string[] parts = node.Name.Split('-');
        string name = $"{parts[^2]}{parts[^1]}'"; // as stores are called in the configuration
        Pod[] users = [.. cluster.Of("front"), .. cluster.Of("scheduler")];
        int[] told = [.. users.Select(user => user.Output.Length)];
        await ReplaceAsync(node, whileAway: () => Task.WhenAll(blobs.Select(load => load.WaitForAsync(60))));
        foreach ((Pod user, int before) in users.Zip(told))
        {
            if (user.Component == "front")
                await user.WaitForOutputAsync(output => output[before..].Contains($"s{parts[^1]}' has caught up", StringComparison.Ordinal), $"{user.Name} telling that {node.Name} has caught up");
            await user.WaitForOutputAsync(
                output => output.LastIndexOf($"{name} is within reach again", StringComparison.Ordinal) >= output.LastIndexOf($"{name} is out of reach", StringComparison.Ordinal), $"{user.Name} telling that {node.Name} is within reach");
        }
    }

    private static async Task ReplaceAsync(Pod pod, Func<Task> whileAway)
    {
        Assert.True(await pod.StopAsync() == 0, pod.Output);
        await whileAway();
        await pod.StartAsync();
    }
}
