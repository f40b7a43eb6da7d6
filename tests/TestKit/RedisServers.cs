namespace RemoteExec.TestKit;

/// <summary>One Redis of each topology for all tests of an assembly, started when the first test asks for it, stopped at the end. Each test has a key prefix of its own.</summary>
public sealed class RedisServers : IAsyncDisposable
{
    private readonly Lazy<Task<RedisDeployment>> standalone = new(() => RedisDeployment.StartAsync("standalone"));
    private readonly Lazy<Task<RedisDeployment>> cluster = new(() => RedisDeployment.StartAsync("cluster"));
    private readonly Lazy<Task<RedisDeployment>> sentinel = new(() => RedisDeployment.StartAsync("sentinel"));

    /// <summary>One server.</summary>
    public Task<RedisDeployment> Standalone => standalone.Value;

    /// <summary>Three primaries with a replica each.</summary>
    public Task<RedisDeployment> Cluster => cluster.Value;

    /// <summary>A primary, two replicas, three sentinels.</summary>
    public Task<RedisDeployment> Sentinel => sentinel.Value;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (Lazy<Task<RedisDeployment>> deployment in (Lazy<Task<RedisDeployment>>[])[standalone, cluster, sentinel])
        {
            if (deployment is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
                await (await deployment.Value).DisposeAsync();
        }
    }
}
