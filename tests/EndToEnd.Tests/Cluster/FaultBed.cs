namespace RemoteExec.EndToEnd.Tests.Cluster;

/// <summary>A cluster with all that it stands on, for something of it to fail.</summary>
internal sealed class FaultBed : IAsyncDisposable
{
    private FaultBed()
    {
    }

    public TestCluster Cluster { get; private set; } = null!;

    /// <summary>The way to the bucket's service; null without a bucket.</summary>
    public FaultyLink? Bucket { get; private set; }

    /// <summary>The Redis cluster of results; null without one.</summary>
    public RedisDeployment? RedisCluster { get; private set; }

    /// <summary>The only Redis server of results; null without one.</summary>
    public RedisServer? Redis { get; private set; }

    public static async Task<FaultBed> StartAsync(Fault fault, bool executes, BackEnds backEnds)
    {
        var bed = new FaultBed();
        try
        {
            string bucket = "";
            if (fault.Needs.HasFlag(FaultNeeds.Bucket))
            {
                bucket = await backEnds.CreateBucketAsync();
                bed.Bucket = backEnds.Connect();
            }

            List<string> front = ["--workers", executes ? "4" : "0"];
            if (fault.Needs.HasFlag(FaultNeeds.RedisCluster))
            {
                bed.RedisCluster = await RedisDeployment.StartAsync("cluster");
                front.AddRange(["--set", $"actionCache.store={{ fallback: {{ first: {{ redis: {{ endpoints: [ {string.Join(", ", bed.RedisCluster.Endpoints)} ], topology: cluster }} }}, then: {{ memory: {{}} }} }} }}"]);
            }
            else if (fault.Needs.HasFlag(FaultNeeds.Redis))
            {
                bed.Redis = await RedisServer.StartAsync();
                front.AddRange(["--set", $"actionCache.store={{ fallback: {{ first: {{ redis: {{ endpoints: \"{bed.Redis.Endpoint}\" }} }}, then: {{ memory: {{}} }} }} }}"]);
            }

            bed.Cluster = await TestCluster.StartAsync(
                fault.Shards, fault.Mirrors, bed.Bucket is null ? null : (number, data) => BackEnds.NodeFlags(bucket, $"node{number}", bed.Bucket, data), [.. front], BackEnds.Login);
            return bed;
        }
        catch
        {
            await bed.DisposeAsync();
            throw;
        }
    }

    /// <summary>Kills the Redis server that holds the lowest slots.</summary>
    public Task KillRedisPrimaryAsync() => RedisCluster!.KillAsync(RedisCluster.BasePort);

    public async ValueTask DisposeAsync()
    {
        if (Bucket is not null)
            Bucket.Set(LinkState.Up); // what waits to be uploaded is not waited for in vain
        if (Cluster is not null)
            await Cluster.DisposeAsync();
        if (Bucket is not null)
            await Bucket.DisposeAsync();
        if (RedisCluster is not null)
            await RedisCluster.DisposeAsync();
        if (Redis is not null)
            await Redis.DisposeAsync();
    }
}
