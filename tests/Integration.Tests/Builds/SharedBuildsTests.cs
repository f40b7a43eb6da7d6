using RemoteExec.Builds.Records;
using RemoteExec.Builds.Sharing;
using RemoteExec.Builds.Tests.Records;
using RemoteExec.Cas.Builds;
using RemoteExec.Integration.Tests.Redis;
using RemoteExec.Redis;

namespace RemoteExec.Integration.Tests.Builds;

/// <summary>Servers that share what builds did, over a real Redis: each of them tells the same, and what a plain count of all calls tells.</summary>
public sealed class SharedBuildsTests(RedisServers redis) : IAsyncDisposable
{
    private const long Plenty = 64 << 20;
    private readonly TemporaryDirectory directory = new();
    private readonly List<SharingServer> servers = [];
    private readonly string prefix = RedisFixture.NewPrefix();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        foreach (SharingServer server in servers)
            await server.DisposeAsync();
        directory.Dispose();
    }

    [Theory]
    [InlineData(RedisTopology.Standalone)]
    [InlineData(RedisTopology.Cluster)]
    [InlineData(RedisTopology.Sentinel)]
    public async Task Builds_that_use_several_servers_are_whole_at_each_of_them(RedisTopology topology)
    {
        RedisDeployment deployment = await (topology switch
        {
            RedisTopology.Cluster => redis.Cluster,
            RedisTopology.Sentinel => redis.Sentinel,
            _ => redis.Standalone,
        });
        SharingServer[] some = [.. Enumerable.Range(0, 3).Select(_ => Start(deployment.ToConnection(topology)))];

        // An action is looked up at one server, and run where the scheduler is.
        List<ToldCall> calls = [];
        void Tell(int server, ToldCall call)
        {
            some[server].Tell(call);
            calls.Add(call);
        }

        foreach (int number in Enumerable.Range(0, 100))
        {
            Tell(number % 2, Call(CallKind.Miss, number));
            if (number % 10 < 7)
                Tell(2, Call(CallKind.Executed, number) with { Outcome = number % 10 == 0 ? "nonzero_exit" : "ok" });
        }

        Tell(0, Call(CallKind.Hit, 1000));
        Tell(1, Call(CallKind.Read, 1000) with { Bytes = 77 });
        some[1].Tell(Call(CallKind.Hit, 1) with { Invocation = "another" });

        foreach (SharingServer server in some)
        {
            await server.KnowsAsync("build-1", calls);
            await server.KnowsAsync("another", [Call(CallKind.Hit, 1)]);
            Page<ActionSummary> actions = (await server.Records.ListActionsAsync("build-1", new ActionQuery { Limit = 1000 }, Token))!;
            Assert.Equal((101, 60, 10, 30, 1), (
                actions.Items.Count, Count(actions, ActionOutcome.Executed), Count(actions, ActionOutcome.Failed), Count(actions, ActionOutcome.Miss), Count(actions, ActionOutcome.Hit)));
            Assert.Equal(102, PlainCount.Sum((await server.Records.SumAsync(ToldCall.Began, byDay: true, null, null, Token)).Select(day => new SumsByName("", day.Sums))).Actions);
        }
    }

    [Fact]
    public async Task Whatever_goes_away_meanwhile_all_servers_tell_the_same_in_the_end()
    {
        await using RedisServer own = await RedisServer.StartAsync();
        SharingServer[] some = [.. Enumerable.Range(0, 3).Select(_ => Start(own.ToConnection()))];
        Chance chance = Chance.Create();
        List<ToldCall> told = [];
        bool isUp = true;
        for (int step = 0; step < 40 * Chance.Effort; step++)
        {
            foreach (int _ in Enumerable.Range(0, 20))
            {
                ToldCall call = PlainCount.Draw(chance.Random);
                some[chance.Random.Next(some.Length)].Tell(call);
                told.Add(call);
            }

            switch (chance.Random.Next(8))
            {
                case 0:
                    SharingServer stopped = some[chance.Random.Next(some.Length)];
                    await stopped.StopAsync();
                    stopped.Start();
                    break;
                case 1 when isUp:
                    await own.KillAsync();
                    isUp = false;
                    break;
                case 2 when !isUp:
                    await own.StartAgainAsync(); // empty
                    isUp = true;
                    break;
                default:
                    await Task.WhenAll(some.Select(server => server.Records.FlushAsync(Token)));
                    break;
            }
        }

        if (!isUp)
            await own.StartAgainAsync();

        foreach (IGrouping<string, ToldCall> build in told.GroupBy(call => call.Invocation!))
        {
            foreach (SharingServer server in some)
                await server.KnowsAsync(build.Key, [.. build], chance.ToString());
        }

        foreach (SharingServer server in some)
        {
            ActionSums all = PlainCount.Sum((await server.Records.SumAsync(ToldCall.Began, byDay: true, null, null, Token)).Select(day => new SumsByName("", day.Sums)));
            ActionSums builds = PlainCount.Sum((await server.Records.ListAsync(new BuildQuery { Limit = 1000 }, Token)).Items.Select(build => new SumsByName("", build.Sums)));
            Assert.True(all == builds, $"{chance}: {all} but {builds}");
            Assert.Equal((0, 0, 0), (server.Status.Dropped, server.Status.Missed, server.Status.Unknown));
        }
    }

    [Theory]
    [InlineData(RedisTopology.Cluster)]
    [InlineData(RedisTopology.Sentinel)]
    public async Task When_a_replica_takes_the_place_of_the_primary_nothing_is_lost_or_counted_twice(RedisTopology topology)
    {
        await using RedisDeployment own = await RedisDeployment.StartAsync(topology == RedisTopology.Cluster ? "cluster" : "sentinel");
        SharingServer first = Start(own.ToConnection(topology)), second = Start(own.ToConnection(topology));
        List<ToldCall> calls = [];
        void Tell(SharingServer server, int number)
        {
            calls.Add(Call(CallKind.Miss, number));
            server.Tell(calls[^1]);
        }

        foreach (int number in Enumerable.Range(0, 100))
            Tell(number % 2 == 0 ? first : second, number);
        await first.KnowsAsync("build-1", calls);
        int port = own.BasePort;
        while ((await RedisCli.AskAsync(port, "exists", $"{prefix}{{builds}}:stream")).Trim() != "1")
            port++; // the primary of that slot

        Tell(first, 1000);
        await first.Records.FlushAsync(Token);
        await own.KillAsync(port);
        foreach (int number in Enumerable.Range(100, 100))
            Tell(number % 2 == 0 ? first : second, number);

        await first.KnowsAsync("build-1", calls);
        await second.KnowsAsync("build-1", calls);
        Assert.Equal((0, 0), (first.Status.Missed, second.Status.Missed));
    }

    [Fact]
    public async Task A_server_that_joins_late_learns_what_was_told_before_which_takes_fifty_bytes_of_Redis_for_an_action()
    {
        await using RedisServer own = await RedisServer.StartAsync();
        SharingServer first = Start(own.ToConnection());
        List<ToldCall> calls =
        [
            .. Enumerable.Range(0, 3000).Select(number => Call(CallKind.Executed, number) with
            {
                Outcome = "ok",
                Run = TimeSpan.FromMilliseconds(number * 7 % 3000),
                Target = $"//some/path/package{number / 10}:target{number}",
                Mnemonic = number % 3 == 0 ? "CppLink" : "CppCompile",
            }),
        ];
        foreach (ToldCall call in calls)
            first.Tell(call);
        await first.UntilSentAsync();
        await first.StopAsync();
        string memory = await own.AskAsync("memory", "usage", $"{prefix}{{builds}}:stream", "samples", "0");
        Assert.InRange(double.Parse(memory.Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture) / calls.Count, 33, 60); // a digest alone has 32

        await Start(own.ToConnection()).KnowsAsync("build-1", calls);
    }

    [Fact]
    public async Task While_Redis_is_away_servers_go_on_alone_say_so_once_and_catch_up()
    {
        await using RedisServer own = await RedisServer.StartAsync();
        SharingServer first = Start(own.ToConnection()), second = Start(own.ToConnection());
        first.Tell(Call(CallKind.Hit, 1));
        await second.KnowsAsync("build-1", [Call(CallKind.Hit, 1)]);

        await own.KillAsync();
        await RedisFixture.UntilAsync(() => Task.FromResult(first.Status.Problem is not null && second.Status.Problem is not null));
        first.Tell(Call(CallKind.Miss, 2));
        await first.KnowsAsync("build-1", [Call(CallKind.Hit, 1), Call(CallKind.Miss, 2)]);
        Assert.Equal(1, first.Status.Waiting);
        Assert.Single(first.Log.Entries, entry => entry.Text.StartsWith("What builds do is not shared", StringComparison.Ordinal));
        await own.StartAgainAsync();

        await second.KnowsAsync("build-1", [Call(CallKind.Hit, 1), Call(CallKind.Miss, 2)]);
        await RedisFixture.UntilAsync(() => Task.FromResult(first.Status.Problem is null));
        Assert.Single(first.Log.Entries, entry => entry.Text == "What builds do is shared with other servers again");
    }

    [Fact]
    public async Task What_is_too_much_for_the_wait_is_dropped_oldest_first_and_both_sides_say_so()
    {
        await using RedisServer own = await RedisServer.StartAsync();
        SharingServer first = Start(own.ToConnection(), backlog: 5000), second = Start(own.ToConnection());
        first.Tell(Call(CallKind.Hit, 1) with { Invocation = "before" });
        await second.KnowsAsync("before", [Call(CallKind.Hit, 1)]);

        await own.KillAsync();
        await RedisFixture.UntilAsync(() => Task.FromResult(first.Status.Problem is not null));
        int told = 0;
        await RedisFixture.UntilAsync(async () =>
        {
            first.Tell(Call(CallKind.Hit, told) with { Invocation = $"build-{told++}" });
            await first.Records.FlushAsync(Token);
            return first.Status.Dropped > 0; // looked after every ten seconds
        });
        await own.StartAgainAsync();

        await second.KnowsAsync($"build-{told - 1}", [Call(CallKind.Hit, 1)]);
        Assert.Null(await second.FindAsync("build-0"));
        Assert.Equal(first.Status.Dropped, second.Status.Missed);
        Assert.Contains(first.Log.Entries, entry => entry.Text.Contains("will not be seen by other servers", StringComparison.Ordinal));
        Assert.Contains(second.Log.Entries, entry => entry.Text.Contains("were gone before this one read them", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_that_was_away_for_longer_than_Redis_keeps_anything_says_so()
    {
        await using RedisServer own = await RedisServer.StartAsync();
        SharingServer first = Start(own.ToConnection(), bytes: 4000), second = Start(own.ToConnection(), bytes: 4000);
        first.Tell(Call(CallKind.Hit, 1) with { Invocation = "before" });
        await second.KnowsAsync("before", [Call(CallKind.Hit, 1)]);
        await second.StopAsync();

        for (int i = 0; i < 100; i++)
        {
            first.Tell(Call(CallKind.Hit, i) with { Invocation = $"build-{i}" });
            await first.Records.FlushAsync(Token);
        }

        await first.UntilSentAsync();
        long kept = long.Parse((await own.AskAsync("xlen", $"{prefix}{{builds}}:stream")).Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(kept, 10, 60);
        second.Start();

        await second.KnowsAsync("build-99", [Call(CallKind.Hit, 1)]);
        Assert.Null(await second.FindAsync("build-1"));
        Assert.Equal(100 - kept, second.Status.Missed);
    }

    [Fact]
    public async Task What_another_version_tells_is_passed_over_and_counted()
    {
        await using RedisServer own = await RedisServer.StartAsync();
        SharingServer server = Start(own.ToConnection());
        server.Tell(Call(CallKind.Hit, 1));
        await server.UntilSentAsync();
        string stream = $"{prefix}{{builds}}:stream";

        await own.AskAsync("xadd", stream, "*", "origin", "later", "sequence", "1", "payload", "9-not-of-this-version", "bytes", "100");
        await own.AskAsync("xadd", stream, "*", "what", "else");
        SharingServer other = Start(own.ToConnection());
        other.Tell(Call(CallKind.Miss, 2));

        await server.KnowsAsync("build-1", [Call(CallKind.Hit, 1), Call(CallKind.Miss, 2)]);
        await other.KnowsAsync("build-1", [Call(CallKind.Hit, 1), Call(CallKind.Miss, 2)]);
        Assert.Equal((1, 1), (server.Status.Unknown, other.Status.Unknown));
    }

    [Fact]
    public async Task A_file_that_was_brought_back_from_a_copy_learns_what_it_told_since()
    {
        await using RedisServer own = await RedisServer.StartAsync();
        SharingServer first = Start(own.ToConnection()), second = Start(own.ToConnection());
        first.Tell(Call(CallKind.Hit, 1));
        await second.KnowsAsync("build-1", [Call(CallKind.Hit, 1)]);
        await first.StopAsync();
        byte[] copy = await File.ReadAllBytesAsync(directory["builds-0.db"], Token);
        first.Start();
        first.Tell(Call(CallKind.Hit, 2));
        await second.KnowsAsync("build-1", [Call(CallKind.Hit, 1), Call(CallKind.Hit, 2)]);
        await first.StopAsync();

        await File.WriteAllBytesAsync(directory["builds-0.db"], copy, Token);
        first.Start();
        await first.KnowsAsync("build-1", [Call(CallKind.Hit, 1), Call(CallKind.Hit, 2)]);
        first.Tell(Call(CallKind.Hit, 3));

        await second.KnowsAsync("build-1", [Call(CallKind.Hit, 1), Call(CallKind.Hit, 2), Call(CallKind.Hit, 3)]);
        await first.KnowsAsync("build-1", [Call(CallKind.Hit, 1), Call(CallKind.Hit, 2), Call(CallKind.Hit, 3)]);
    }

    [Fact]
    public async Task A_file_that_is_begun_anew_learns_all_that_Redis_has()
    {
        await using RedisServer own = await RedisServer.StartAsync();
        SharingServer first = Start(own.ToConnection()), second = Start(own.ToConnection());
        first.Tell(Call(CallKind.Hit, 1));
        second.Tell(Call(CallKind.Hit, 2));
        await first.KnowsAsync("build-1", [Call(CallKind.Hit, 1), Call(CallKind.Hit, 2)]);
        await first.UntilSentAsync();
        await first.StopAsync();

        await File.WriteAllTextAsync(directory["builds-0.db"], "no database", Token);
        first.Start();

        await first.KnowsAsync("build-1", [Call(CallKind.Hit, 1), Call(CallKind.Hit, 2)]);
    }

    [Fact]
    public async Task The_rights_that_the_manual_names_are_enough()
    {
        string manual = await File.ReadAllTextAsync(Repository.Path("docs", "redis.md"), Token);
        string rights = manual.Split("servers that share what builds do: `")[1].Split('`')[0];
        await using RedisServer own = await RedisServer.StartAsync(["--user", "default", "on", ">PASSWORD", "resetkeys", $"~{prefix}*", "-@all", "+eval", "+ping", "+echo", "+info", .. rights.Split(' ')]);
        RedisConnectionOptions connection = own.ToConnection() with { Password = () => "PASSWORD" };
        SharingServer first = Start(connection), second = Start(connection);

        first.Tell(Call(CallKind.Hit, 1));

        await second.KnowsAsync("build-1", [Call(CallKind.Hit, 1)]);
    }

    [Fact]
    public async Task A_Redis_that_is_there_and_refuses_is_told_as_well()
    {
        await using RedisServer own = await RedisServer.StartAsync();
        await own.AskAsync("acl", "setuser", "default", "-xread");
        SharingServer server = Start(own.ToConnection());

        await RedisFixture.UntilAsync(() => Task.FromResult(server.Status.Problem is not null));
        Assert.StartsWith("ERR The user executing the script can't run this command", server.Status.Problem, StringComparison.Ordinal);
        await own.AskAsync("acl", "setuser", "default", "+xread");

        await RedisFixture.UntilAsync(() => Task.FromResult(server.Status.Problem is null));
        Assert.Equal(2, server.Log.Entries.Count(entry => entry.Text.StartsWith("What builds do is", StringComparison.Ordinal)));
    }

    private static int Count(Page<ActionSummary> actions, ActionOutcome outcome) => actions.Items.Count(action => action.Outcome == outcome);

    private static ToldCall Call(CallKind kind, int action) => new(kind, ToldCall.ActionOf(action));

    private SharingServer Start(RedisConnectionOptions connection, long bytes = Plenty, long backlog = Plenty)
    {
        var server = new SharingServer(connection, new SharingOptions(prefix, bytes, backlog), directory[$"builds-{servers.Count}.db"]);
        servers.Add(server);
        return server;
    }
}
