using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.ActionCache;
using RemoteExec.ActionCache.Stores;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Configuration;
using RemoteExec.Server.Hosting;

namespace RemoteExec.Integration.Tests.Redis;

/// <summary>Whole servers whose action results are in Redis.</summary>
public sealed class RedisServerTests : IAsyncDisposable
{
    private static readonly Digest action = TestBlob.Random(1, 142).Digest;

    private readonly TemporaryDirectory data = new();
    private readonly List<IAsyncDisposable> opened = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable one in Enumerable.Reverse(opened))
            await one.DisposeAsync();
        data.Dispose();
    }

    [Theory]
    [InlineData("{ redis: { endpoints: \"ENDPOINT\" } }")]
    [InlineData("{ fallback: { first: { redis: { endpoints: \"ENDPOINT\" } }, then: { memory: {} } } }")]
    public async Task What_one_front_end_is_told_the_other_answers_at_once(string store)
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        ActionCacheStore one = await StartAsync("one", store, redis), two = await StartAsync("two", store, redis);
        await WaitForAsync(one, two, 98);
        await WaitForAsync(two, one, 99);

        for (int i = 1; i <= 20; i++)
        {
            await (i % 2 == 0 ? one : two).PutAsync(action, Result(i), Token);
            Assert.Equal(i, (await (i % 2 == 0 ? two : one).FindAsync(action, Token))?.Parse().ExitCode);
        }
    }

    [Fact]
    public async Task Without_its_Redis_a_server_starts_and_finds_nothing_and_heals()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        await redis.KillAsync();
        ActionCacheStore results = await StartAsync("one", "{ redis: { endpoints: \"ENDPOINT\" } }", redis);

        await results.PutAsync(action, Result(1), Token);
        Assert.Null(await results.FindAsync(action, Token));
        await redis.StartAgainAsync();

        await WaitForAsync(results, results, 98);
        Assert.Null(await results.FindAsync(action, Token));
        await results.PutAsync(action, Result(2), Token);
        Assert.Equal(2, (await results.FindAsync(action, Token))?.Parse().ExitCode);
    }

    [Fact]
    public async Task With_a_fallback_a_server_goes_on_and_then_tells_the_others()
    {
        const string Store = "{ fallback: { first: { redis: { endpoints: \"ENDPOINT\" } }, then: { memory: {} } } }";
        await using RedisServer redis = await RedisServer.StartAsync();
        ActionCacheStore one = await StartAsync("one", Store, redis), two = await StartAsync("two", Store, redis);
        await WaitForAsync(one, two, 98);
        await WaitForAsync(two, one, 99);
        await one.PutAsync(action, Result(1), Token);
        Assert.Equal(1, (await two.FindAsync(action, Token))?.Parse().ExitCode);

        await redis.KillAsync();
        Assert.Equal(1, (await one.FindAsync(action, Token))?.Parse().ExitCode);
        await one.PutAsync(action, Result(2), Token);
        Assert.Equal(2, (await one.FindAsync(action, Token))?.Parse().ExitCode);
        await redis.StartAgainAsync();

        await RedisFixture.UntilAsync(async () =>
        {
            Assert.Equal(2, (await one.FindAsync(action, Token))?.Parse().ExitCode); // all the while
            return (await two.FindAsync(action, Token))?.Parse().ExitCode == 2;
        });
    }

    [Fact]
    public async Task A_cached_action_is_one_command_and_a_new_one_two()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        ActionCacheStore results = await StartAsync("one", "{ redis: { endpoints: \"ENDPOINT\" } }", redis);
        await WaitForAsync(results, results, 98);
        string[] commands = ["get", "set", "getrange", "eval", "del", "exists"];
        long[] before = await CountAsync();

        Assert.Null(await results.FindAsync(action, Token));
        await results.PutAsync(action, Result(1), Token);
        long[] cold = await CountAsync();
        Assert.NotNull(await results.FindAsync(action, Token));
        long[] warm = await CountAsync();

        Assert.Equal([1, 1, 0, 0, 0, 0], cold.Zip(before, (now, then) => now - then));
        Assert.Equal([1, 0, 0, 0, 0, 0], warm.Zip(cold, (now, then) => now - then));

        Task<long[]> CountAsync() => Task.WhenAll(commands.Select(command => RedisCli.CountAsync(redis.Port, command)));
    }

    private static Reapi.ActionResult Result(int exitCode) => new() { ExitCode = exitCode };

    /// <summary>Waits until what one server is told another answers: servers do not wait for Redis.</summary>
    private static async Task WaitForAsync(ActionCacheStore told, ActionCacheStore asked, int seed) =>
        await RedisFixture.UntilAsync(async () =>
        {
            Digest probe = TestBlob.Random(seed, 10).Digest;
            await told.PutAsync(probe, Result(7), Token);
            return await asked.FindAsync(probe, Token) is not null;
        });

    private async Task<ActionCacheStore> StartAsync(string name, string store, RedisServer redis)
    {
        ServerOptions options = new ConfigLoader().AddText(
            "test",
            $"data: {data[name]}\nmaxSize: 64MiB\nlisteners: {{ grpc: 127.0.0.1:0, http: 127.0.0.1:0 }}\nworker: {{ slots: 0 }}\nactionCache: {{ store: {store.Replace("ENDPOINT", redis.Endpoint)} }}\n").Load();
        RunningServer server = await RunningServer.StartAsync(options, NullLoggerFactory.Instance, TimeProvider.System, Token);
        opened.Add(server);
        var channel = new RpcChannel(RpcAddress.Parse($"grpc://{server.Listeners.First(listener => listener.Kind == ListenerKind.Grpc).Address}"), null);
        opened.Add(channel);
        return new ActionCacheStore(new RemoteResultStore(channel, TimeSpan.Zero, TimeProvider.System));
    }
}
