using Microsoft.Extensions.Logging;
using RemoteExec.Builds.Explain;
using RemoteExec.Builds.Sharing;
using RemoteExec.Builds.Tests.Explain;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Integration.Tests.Redis;
using RemoteExec.Protocol;

namespace RemoteExec.Integration.Tests.Builds;

/// <summary>Servers that share what they know of actions, over a real Redis: a miss at one is explained by what another has seen, and all say the same of it.</summary>
public sealed class SharedHistoryTests : IAsyncLifetime
{
    private static readonly ActionSample compile = new();

    private readonly TemporaryDirectory directory = new();
    private readonly List<Server> servers = [];
    private RedisServer redis = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => redis = await RedisServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (Server server in servers)
            await server.StopAsync();
        await redis.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task A_miss_at_one_server_is_explained_by_an_action_that_another_has_seen()
    {
        Server first = Start(), second = Start();
        Digest before = await first.ExecuteAsync(compile, "one");
        await SaysAsync(second, before, CauseKind.FirstSeen);

        Digest after = await second.ExecuteAsync(compile.WithArgument("-O2", "-O3"), "two"); // whose blobs do not have what the first has executed

        foreach (Server server in servers)
        {
            await SaysAsync(server, after, CauseKind.Argument);
            Explanation explanation = server.History.Explain(after.Instance, after.HashSpan)!;
            Assert.Equal(("flag -O2 became -O3", "two", "one", before.ToArgument()), (explanation.Cause.Sentence, explanation.Build, explanation.Earlier!.Build, explanation.Earlier.Action));
            Assert.Equal((1, 1.5), (server.History.CausesOf("two")!.Misses, server.History.CausesOf("two")!.Seconds));
        }
    }

    [Fact]
    public async Task Of_an_action_that_missed_at_one_server_and_ran_at_another_all_say_what_the_one_found_that_knew_it()
    {
        Server front = Start(), scheduler = Start();
        await scheduler.ExecuteAsync(compile, "one");
        Digest action = (await compile.WithFile("lib/x.h", "other").StoreAsync(scheduler.Cas)).Digest;

        front.Observe(action, SightingKind.Miss, "two");
        await SaysAsync(front, action, CauseKind.NotUploaded);
        await SaysAsync(scheduler, action, CauseKind.NotUploaded);
        scheduler.Observe(action, SightingKind.Executed, "two");

        foreach (Server server in servers)
        {
            await SaysAsync(server, action, CauseKind.InputChanged);
            BuildCauses causes = server.History.CausesOf("two")!;
            Assert.Equal(("lib/x.h changed", 1, 1.5), (Assert.Single(causes.Causes).Sentence, causes.Misses, causes.Seconds));
        }
    }

    [Fact]
    public async Task What_was_learned_while_Redis_or_a_server_was_away_is_known_to_all_in_the_end()
    {
        Server first = Start(), second = Start();
        await redis.KillAsync();
        Digest[] actions = [.. await Task.WhenAll(Enumerable.Range(0, 5).Select(number => first.ExecuteAsync(compile with { Outputs = [$"out/{number}"] }, "one")))];
        await first.CatchUpAsync();
        await first.StopAsync();
        await second.StopAsync();
        await redis.StartAgainAsync();
        first.Start();
        second.Start();

        foreach (Digest action in actions)
            await SaysAsync(second, action, CauseKind.FirstSeen);
        Assert.Equal(5, second.History.CausesOf("one")!.Misses);
        Server late = Start();
        await RedisFixture.UntilAsync(() => Task.FromResult(late.History.CausesOf("one")?.Misses == 5));
    }

    private static async Task SaysAsync(Server server, Digest action, CauseKind kind)
    {
        CauseKind? said = null;
        try
        {
            await RedisFixture.UntilAsync(async () =>
            {
                await server.CatchUpAsync();
                return (said = server.History.Explain(action.Instance, action.HashSpan)?.Cause.Kind) == kind;
            });
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"{said} is said, not {kind}");
        }
    }

    private Server Start()
    {
        servers.Add(new Server(redis, directory[$"explain-{servers.Count}.db"]));
        return servers[^1];
    }

    private sealed class Server
    {
        private readonly RedisServer redis;
        private readonly string path;
        private BuildSharing? sharing;

        public Server(RedisServer redis, string path)
        {
            (this.redis, this.path) = (redis, path);
            Start();
        }

        public IBlobStore Cas { get; } = new EmptyBlobStore(new MemoryStore(50_000_000));

        public MissHistory History { get; private set; } = null!;

        public void Start()
        {
            using var factory = new LoggerFactory([new RecordingLogger()]);
            History = MissHistory.Open(path, 1 << 30, Cas, factory.CreateLogger<MissHistory>(), TimeProvider.System);
            sharing = new BuildSharing(redis.ToConnection(), new SharingOptions("rx:", 64 << 20, 64 << 20), factory.CreateLogger<BuildSharing>(), TimeProvider.System);
            History.ShareBy(sharing);
        }

        public async Task StopAsync()
        {
            if (sharing is null)
                return;
            await History.DisposeAsync();
            await sharing.DisposeAsync();
            sharing = null;
        }

        public async Task<Digest> ExecuteAsync(ActionSample sample, string build)
        {
            Digest action = (await sample.StoreAsync(Cas)).Digest;
            Observe(action, SightingKind.Executed, build);
            return action;
        }

        public void Observe(Digest action, SightingKind kind, string build) => History.Observe(new Sighting(action, kind, TimeProvider.System.GetUtcNow())
        {
            Invocation = build,
            Target = "//app:main",
            Mnemonic = "CppCompile",
            Duration = TimeSpan.FromSeconds(kind == SightingKind.Executed ? 1.5 : 0),
        });

        public Task CatchUpAsync() => History.CatchUpAsync(Token);
    }
}
