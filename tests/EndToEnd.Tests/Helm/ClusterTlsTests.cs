using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.EndToEnd.Tests.Workers;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Helm;

/// <summary>The cluster of the chart whose servers speak TLS to each other: it works, and nobody else gets anything out of storage nodes and schedulers.</summary>
public sealed class ClusterTlsTests(Chart chart) : IDisposable
{
    private readonly TemporaryDirectory files = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => files.Dispose();

    [Fact]
    public async Task An_action_goes_in_over_TLS_its_blobs_reach_both_mirrors_and_strangers_are_refused_everywhere()
    {
        string developer = await CreateAsync("developer");
        await using PodCluster cluster = await PodCluster.StartAsync(
            chart, files["tokens"], "tls.enabled=true", "tls.servers.enabled=true", "extraSecrets={remoteexec-auth}",
            "front.config.auth.tokens.file=/etc/remoteexec/secrets/remoteexec-auth/tokens", "front.replicas=1", "scheduler.replicas=1", "pools.default.slots=1");
        await using RpcChannel front = cluster.Connect(cluster.Address, "remoteexec.builds.svc", developer);

        (TestBlob action, Reapi.ExecuteResponse response) = await ShellActions.RunCachedAsync(front, "echo over TLS > out", "out");

        Assert.Equal(0, response.Result.ExitCode);
        TestBlob output = TestBlob.Of("over TLS\n"u8.ToArray());
        Assert.Equal(output.Digest.ToProto(), Assert.Single(response.Result.OutputFiles).Digest);
        Assert.Equal(output.Content, await new RemoteStore(front, TimeSpan.Zero, TimeProvider.System).ReadAllAsync(output.Digest, output.Content.Length, Token));
        string server = cluster.SecretOf("remoteexec-server-tokens", "token");
        foreach (Pod node in cluster.Of("storage"))
        {
            await using RpcChannel known = cluster.Connect($"{node.Address}:8980", $"{node.Name}.remoteexec-storage.builds.svc", server);
            Assert.Empty(await new RemoteStore(known, TimeSpan.Zero, TimeProvider.System).FindMissingAsync([output.Digest, action.Digest], Token));
        }

        foreach ((Pod pod, string name) in cluster.Of("storage").Select(pod => (pod, $"{pod.Name}.remoteexec-storage.builds.svc")).Concat(cluster.Of("scheduler").Select(pod => (pod, "remoteexec-scheduler"))))
        {
            Assert.Equal(StatusCode.Unauthenticated, await AskAsync(cluster.Connect($"{pod.Address}:8980", name, token: null)));
            Assert.Equal(StatusCode.Unauthenticated, await AskAsync(cluster.Connect($"{pod.Address}:8980", name, developer))); // he is known to front ends alone
            Assert.Equal(StatusCode.Unavailable, await AskAsync(new RpcChannel(RpcAddress.Parse($"grpc://{pod.Address}:8980"), new() { Authorization = () => $"Bearer {server}" })));
            Assert.Equal(StatusCode.Unavailable, await AskAsync(cluster.Connect($"{pod.Address}:8980", "remoteexec.builds.svc", server))); // the certificates of others are not theirs
            Assert.Equal(StatusCode.Ok, await AskAsync(cluster.Connect($"{pod.Address}:8980", name, server)));
        }

        Assert.Equal(StatusCode.Unauthenticated, await AskAsync(cluster.Connect(cluster.Address, "remoteexec.builds.svc", token: null)));
        Assert.All(cluster.Pods, pod => Assert.DoesNotContain(server, pod.Output, StringComparison.Ordinal));
        foreach (Pod pod in cluster.Pods.Reverse())
            Assert.True(await pod.StopAsync() == 0, pod.Output);
    }

    private static async Task<StatusCode> AskAsync(RpcChannel channel)
    {
        await using (channel)
        {
            try
            {
                await channel.UnaryAsync<Reapi.FindMissingBlobsRequest, Reapi.FindMissingBlobsResponse>("/build.bazel.remote.execution.v2.ContentAddressableStorage/FindMissingBlobs", new(), Token);
                return StatusCode.Ok;
            }
            catch (RpcException exception)
            {
                return exception.Code;
            }
        }
    }

    private async Task<string> CreateAsync(string role)
    {
        await using ChildProcess create = ChildProcess.Start(ServerProcess.Program, ["token", "create", role, "--role", role, "--tokens", files["tokens"]]);
        Assert.Equal(0, await create.WaitForExitAsync());
        return create.Output.Split('\n').Single(line => line.StartsWith("rxt_", StringComparison.Ordinal));
    }
}
