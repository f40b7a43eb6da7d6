using RemoteExec.Integration.Tests.Redis;
using RemoteExec.Protocol;
using RemoteExec.Redis;
using RemoteExec.References;
using RemoteExec.References.Stores;

namespace RemoteExec.Integration.Tests.References;

/// <summary>What every store of references promises, in Redis, whatever the topology.</summary>
public abstract class RedisReferenceStoreTests(RedisServers servers, RedisTopology topology) : ReferenceStoreContract, IAsyncLifetime
{
    private RedisConnection? redis;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (redis is not null)
            await redis.DisposeAsync();
    }

    protected override async Task<IReferenceStore> CreateAsync()
    {
        RedisDeployment deployment = await (topology switch
        {
            RedisTopology.Cluster => servers.Cluster,
            RedisTopology.Sentinel => servers.Sentinel,
            _ => servers.Standalone,
        });
        redis = new RedisConnection(deployment.ToConnection(topology) with { OperationTimeout = TimeSpan.FromSeconds(10) }, _ => { }, TimeProvider.System);
        var store = new RedisReferenceStore(redis, RedisFixture.NewPrefix());
        await RedisFixture.UntilAsync(async () => (await store.InstancesAsync(Token)).Count == 0);
        return store;
    }
}

public sealed class StandaloneReferenceTests(RedisServers servers) : RedisReferenceStoreTests(servers, RedisTopology.Standalone);

public sealed class ClusterReferenceTests(RedisServers servers) : RedisReferenceStoreTests(servers, RedisTopology.Cluster);

public sealed class SentinelReferenceTests(RedisServers servers) : RedisReferenceStoreTests(servers, RedisTopology.Sentinel);
