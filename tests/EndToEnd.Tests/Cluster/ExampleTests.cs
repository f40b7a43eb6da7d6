using RemoteExec.EndToEnd.Tests.Bazel;

namespace RemoteExec.EndToEnd.Tests.Cluster;

/// <summary>The examples of clusters serve a real build; only addresses and directories are others here.</summary>
public sealed class ExampleTests(SharedWorkspace shared, BackEnds backEnds)
{
    private static readonly string[] nodes = ["a1", "a2", "b1", "b2", "c1", "c2"];

    [Fact]
    public async Task A_cluster_in_one_process_serves_a_build_and_another_finds_all_in_the_bucket()
    {
        var build = new ClusterBuild(await shared.GetCleanAsync());
        string bucket = await backEnds.CreateBucketAsync();
        await using FaultyLink link = backEnds.Connect();
        await using RedisServer redis = await RedisServer.StartAsync();
        string[] Flags(string data) =>
        [
            "--config", Repository.Path("examples", "cluster-local.yaml"), "--max-size", "1GiB", "--workers", "4",
            .. nodes.SelectMany(node => Set($"stores.{node}.segments", $"{{ path: {data}/{node}, maxBytes: 256MiB }}")),
            .. Set("stores.own.segments.path", $"{data}/own"), .. Set("stores.bucket.s3.path", $"{data}/s3"), .. Set("stores.bucket.s3.bucket", bucket),
            .. Set("stores.bucket.s3.endpoint", $"http://{link.Address}"), .. Set("stores.shared.redis.endpoints", redis.Endpoint), .. Set("stores.bucket.s3.takeOver", "true"),
        ];

        await using (ServerProcess server = await ServerProcess.StartAsync(BackEnds.Login, Flags))
        {
            (await build.BuildAgainAsync(server.RemoteExecutorFlag)).Succeeded().DidAllBy("remote", atLeast: ClusterBuild.Actions);
            build.AssertOutputs();
            (await build.BuildAgainAsync(server.RemoteCacheFlag)).Succeeded().DidAllBy("remote cache hit", atLeast: ClusterBuild.Actions);
            Assert.Equal(0, await server.StopAsync());
        }

        // Another machine, with empty disks: what it has it has from the bucket and from Redis.
        await using ServerProcess successor = await ServerProcess.StartAsync(BackEnds.Login, Flags);
        await build.WaitForAllAsync(successor);
        (await build.BuildAgainAsync(successor.RemoteCacheFlag)).Succeeded().DidAllBy("remote cache hit", atLeast: ClusterBuild.Actions);
        build.AssertOutputs();
    }

    [Fact]
    public async Task Nodes_and_two_front_ends_serve_a_build_and_what_one_writes_the_other_reads_at_once()
    {
        var build = new ClusterBuild(await shared.GetCleanAsync());
        string bucket = await backEnds.CreateBucketAsync();
        await using FaultyLink link = backEnds.Connect();
        await using RedisDeployment redis = await RedisDeployment.StartAsync("cluster");
        List<ServerProcess> running = [];
        try
        {
            List<string> remotes = [];
            foreach (string node in nodes)
            {
                running.Add(await ServerProcess.StartAsync(BackEnds.Login, data =>
                [
                    "--config", Repository.Path("examples", "cluster-node.yaml"), .. Set("stores.disk.segments", $"{{ path: {data}/cas, maxBytes: 256MiB }}"),
                    .. Set("stores.bucket.s3", $"{{ bucket: {bucket}, prefix: {node}/, path: {data}/s3, endpoint: \"http://{link.Address}\", pathStyle: true }}"),
                ]));
                remotes.AddRange(Set($"stores.{node}.remote.url", $"grpc://{running[^1].GrpcAddress}"));
            }

            string[] Front(string data) =>
            [
                "--config", Repository.Path("examples", "cluster-front.yaml"), .. remotes,
                .. Set("stores.own.segments", $"{{ path: {data}/own, maxBytes: 256MiB }}"), .. Set("stores.shared.redis.endpoints", $"[ {string.Join(", ", redis.Endpoints)} ]"),
            ];
            running.Add(await ServerProcess.StartAsync(BackEnds.Login, Front));
            running.Add(await ServerProcess.StartAsync(BackEnds.Login, Front));

            (await build.BuildAgainAsync(running[^1].RemoteCacheFlag)).Succeeded();
            build.AssertOutputs();
            (await build.BuildAgainAsync(running[^2].RemoteCacheFlag)).Succeeded().DidAllBy("remote cache hit", atLeast: ClusterBuild.Actions);
            build.AssertOutputs();
        }
        finally
        {
            foreach (ServerProcess server in running)
                await server.DisposeAsync();
        }
    }

    private static string[] Set(string key, string value) => ["--set", $"{key}={value}"];
}
