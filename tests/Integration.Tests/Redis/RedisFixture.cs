using Microsoft.Extensions.Logging;
using RemoteExec.Cas.Stores;
using RemoteExec.Redis;

[assembly: AssemblyFixture(typeof(RedisServers))]

namespace RemoteExec.Integration.Tests.Redis;

/// <summary>Stores over a Redis, and how tests wait for one.</summary>
internal static class RedisFixture
{
    private static int prefixes;

    public static string NewPrefix() => $"t{Interlocked.Increment(ref prefixes)}:";

    public static RedisConnectionOptions ToConnection(this RedisDeployment deployment, RedisTopology topology) =>
        new() { Endpoints = deployment.Endpoints, Topology = topology };

    public static RedisConnectionOptions ToConnection(this RedisServer server) => new() { Endpoints = [server.Endpoint] };

    /// <summary>A store that is connected.</summary>
    public static async Task<RedisStore> OpenAsync(RedisConnectionOptions connection, RedisStoreOptions? options = null, RecordingLogger? log = null)
    {
        RedisStore store = Make(connection, options, log);
        await UntilAsync(async () =>
        {
            await store.FindMissingAsync([TestBlob.Random(1, 1).Digest], TestContext.Current.CancellationToken);
            return true;
        });
        return store;
    }

    /// <summary>A store, whether there is a Redis or not.</summary>
    public static RedisStore Make(RedisConnectionOptions connection, RedisStoreOptions? options = null, RecordingLogger? log = null)
    {
        using var factory = new LoggerFactory([log ?? new RecordingLogger()]);
        return new RedisStore(options ?? new RedisStoreOptions { Name = "results", KeyPrefix = NewPrefix() }, connection, factory.CreateLogger<RedisStore>(), TimeProvider.System);
    }

    /// <summary>Asks again while Redis is out of reach, until a condition is met.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromMinutes(2)); // on a busy machine a cluster takes its time to choose another primary
        while (true)
        {
            try
            {
                if (await condition())
                    return;
            }
            catch (RemoteExec.Cas.StoreUnavailableException) when (!patience.IsCancellationRequested)
            {
                // Not yet.
            }

            await Task.Delay(10, patience.Token);
        }
    }
}
