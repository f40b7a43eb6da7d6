namespace RemoteExec.EndToEnd.Tests.Cluster;

/// <summary>A node is lost with its disk, and another takes its place.</summary>
public sealed class RestoreTests(BackEnds backEnds)
{
    [Fact]
    public async Task A_node_comes_back_from_the_bucket()
    {
        string bucket = await backEnds.CreateBucketAsync();
        await using FaultyLink link = backEnds.Connect();
        int written;
        await using (ServerProcess lost = await ServerProcess.StartAsync(BackEnds.Login, data => ["--workers", "0", .. BackEnds.NodeFlags(bucket, "node", link, data)]))
        {
            await using var load = new ClusterLoad(lost.GrpcAddress);
            await load.WaitForAsync(500);
            await load.StopAsync();
            written = load.Written;
            Assert.Equal(0, await lost.StopAsync()); // what waits is uploaded on the way
        }

        await using ServerProcess refused = ServerProcess.StartUnready(BackEnds.Login, data => ["--workers", "0", .. BackEnds.NodeFlags(bucket, "node", link, data)]);
        Assert.NotEqual(0, await refused.WaitForExitAsync());
        Assert.Contains("takeOver", refused.Output, StringComparison.Ordinal);

        await using ServerProcess restored = await ServerProcess.StartAsync(BackEnds.Login, data => ["--workers", "0", .. BackEnds.NodeFlags(bucket, "node", link, data, ", takeOver: true")]);
        await using var reader = new ClusterLoad(restored.GrpcAddress, written);
        await reader.WaitForAllAsync();
        Assert.Equal(written, await reader.CountAsync());
    }
}
