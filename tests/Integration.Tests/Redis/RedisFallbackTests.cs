using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Redis;

namespace RemoteExec.Integration.Tests.Redis;

/// <summary>A fallback before a real Redis.</summary>
public sealed class RedisFallbackTests(RedisServers servers) : ValueStoreContract
{
    private RedisStore? redis;

    protected override async ValueTask<IBlobStore> CreateStoreAsync()
    {
        redis = await RedisFixture.OpenAsync(
            (await servers.Standalone).ToConnection(RedisTopology.Standalone) with { OperationTimeout = TimeSpan.FromSeconds(10) },
            new RedisStoreOptions { Name = "redis", KeyPrefix = RedisFixture.NewPrefix(), MaxValueBytes = 100 << 20 });
        return new FallbackStore("results", redis, new MemoryStore(100 << 20), NullLogger<FallbackStore>.Instance, TimeProvider.System);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (redis is not null)
            await redis.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
