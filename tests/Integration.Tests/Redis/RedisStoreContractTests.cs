using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Redis;

namespace RemoteExec.Integration.Tests.Redis;

/// <summary>What every store promises, over one real server.</summary>
public sealed class StandaloneRedisStoreTests(RedisServers servers) : RedisStoreContract
{
    protected override async Task<RedisConnectionOptions> ConnectionAsync() => (await servers.Standalone).ToConnection(RedisTopology.Standalone);
}

/// <summary>What every store promises, over a real cluster.</summary>
public sealed class ClusterRedisStoreTests(RedisServers servers) : RedisStoreContract
{
    protected override async Task<RedisConnectionOptions> ConnectionAsync() => (await servers.Cluster).ToConnection(RedisTopology.Cluster);
}

/// <summary>What every store promises, over real servers behind real sentinels.</summary>
public sealed class SentinelRedisStoreTests(RedisServers servers) : RedisStoreContract
{
    protected override async Task<RedisConnectionOptions> ConnectionAsync() => (await servers.Sentinel).ToConnection(RedisTopology.Sentinel);
}

public abstract class RedisStoreContract : ValueStoreContract
{
    protected abstract Task<RedisConnectionOptions> ConnectionAsync();

    // The contract asks for room for long values, which a server for others to share would not give.
    protected override async ValueTask<IBlobStore> CreateStoreAsync() =>
        await RedisFixture.OpenAsync(
            (await ConnectionAsync()) with { OperationTimeout = TimeSpan.FromSeconds(10) },
            new RedisStoreOptions { Name = "redis", KeyPrefix = RedisFixture.NewPrefix(), MaxValueBytes = 100 << 20 });
}
