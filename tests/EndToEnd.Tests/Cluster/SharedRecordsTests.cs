using System.Text.Json;
using RemoteExec.EndToEnd.Tests.Bazel;

namespace RemoteExec.EndToEnd.Tests.Cluster;

/// <summary>Several servers that share what builds did: a real Bazel builds by way of some of them, and any of them tells of all of it.</summary>
public sealed class SharedRecordsTests(SharedWorkspace shared) : IAsyncLifetime
{
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false });
    private readonly List<ServerProcess> servers = [];
    private BazelWorkspace workspace = null!;
    private RedisServer records = null!;
    private RedisServer results = null!;
    private ServerProcess node = null!;
    private int builds;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        workspace = await shared.GetCleanAsync();
        records = await RedisServer.StartAsync();
        results = await RedisServer.StartAsync();
        node = await ServerProcess.StartAsync("--workers", "0");
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        foreach (ServerProcess server in servers.Append(node))
        {
            if (server is not null)
                await server.DisposeAsync();
        }

        foreach (RedisServer redis in new[] { records, results })
        {
            if (redis is not null)
                await redis.DisposeAsync();
        }
    }

    [Fact]
    public async Task Any_server_tells_of_the_builds_of_all_to_the_last_action()
    {
        ServerProcess first = await StartAsync(), second = await StartAsync();
        string both = NewId(), cold = NewId(), warm = NewId();

        await BuildAsync(first, both, "one");
        await BuildAsync(second, both, "one");
        await UntilExplainedAsync(second, both, "firstSeen", "");
        await BuildAsync(second, cold, "two");
        await BuildAsync(first, warm, "two");
        ServerProcess third = await StartAsync(); // late

        foreach (ServerProcess server in servers)
        {
            await UntilAsync(server, both, "executed", (SampleSources.Many, 0, SampleSources.Many, SampleSources.Many));
            await UntilAsync(server, cold, "executed", (SampleSources.Many, 0, SampleSources.Many, SampleSources.Many));
            await UntilAsync(server, warm, "executed", (SampleSources.Many, SampleSources.Many, 0, 0));
            await UntilExplainedAsync(server, cold, "environment", "FLAVOUR"); // each by an action that another server has seen
        }

        string[] answers = await Task.WhenAll(servers.Select(async server => (await GetAsync(server, $"builds/{both}/actions?limit=1000")).GetRawText()));
        Assert.Equal(SampleSources.Many, JsonSerializer.Deserialize<JsonElement>(answers[0]).GetProperty("items").GetArrayLength());
        Assert.All(answers, answer => Assert.Equal(Outcomes(answers[0]), Outcomes(answer)));
        JsonElement stats = await GetAsync(third, "stats?since=2h");
        Assert.Equal(3 * SampleSources.Many, stats.GetProperty("total").GetProperty("actions").GetInt32());
        Assert.Equal((0, 0, 0), (Sharing(stats, "dropped"), Sharing(stats, "missed"), Sharing(stats, "unknown")));
    }

    [Fact]
    public async Task Servers_and_Redis_that_are_killed_at_any_time_cost_nothing_but_time()
    {
        ServerProcess first = await StartAsync(), second = await StartAsync(), third = await StartAsync();
        List<(string Id, int Hits)> made = [];
        using var stop = new CancellationTokenSource();
        Task faults = BreakAsync([second, third], stop.Token);
        for (int round = 0; round < 4; round++)
        {
            foreach (int hits in new[] { 0, SampleSources.Many })
            {
                made.Add((NewId(), hits));
                await BuildAsync(first, made[^1].Id, $"round {round}");
            }
        }

        await stop.CancelAsync();
        await faults;

        foreach (ServerProcess server in servers)
        {
            foreach ((string id, int hits) in made)
                await UntilAsync(server, id, "executed", (SampleSources.Many, hits, SampleSources.Many - hits, SampleSources.Many - hits));
            JsonElement stats = await GetAsync(server, "stats?since=2h");
            Assert.Equal(made.Count * SampleSources.Many, stats.GetProperty("total").GetProperty("actions").GetInt32());
            Assert.Equal(0, Sharing(stats, "missed"));
        }
    }

    [Fact]
    public async Task A_server_that_is_killed_before_it_could_tell_others_tells_them_when_it_is_started_again()
    {
        ServerProcess first = await StartAsync(), second = await StartAsync();
        string build = NewId();
        await records.KillAsync();
        await BuildAsync(first, build, "one");
        await UntilAsync(first, build, "executed", (SampleSources.Many, 0, SampleSources.Many, SampleSources.Many)); // which is on its disk now
        string alone = await StatsAsync(first);

        await first.KillAsync();
        await records.StartAgainAsync();
        await first.StartAgainAsync();

        await UntilAsync(second, build, "executed", (SampleSources.Many, 0, SampleSources.Many, SampleSources.Many));
        Assert.Contains("of this server alone, at the moment: no primary answers", alone, StringComparison.Ordinal);

        // It has heard of the build, and may be finding its way back to Redis still.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromMinutes(2));
        while ((await StatsAsync(second)).Contains("alone", StringComparison.Ordinal))
            await Task.Delay(TimeSpan.FromMilliseconds(500), patience.Token);
    }

    private static async Task<string> StatsAsync(ServerProcess server)
    {
        await using ChildProcess stats = ChildProcess.Start(ServerProcess.Program, ["stats", "--since", "2h", "--server", $"http://{server.HttpAddress}"]);
        Assert.True(await stats.WaitForExitAsync() == 0, stats.Output);
        return stats.Output;
    }

    // Servers that only listen are killed while they are told, and so is Redis, which comes back empty.
    private async Task BreakAsync(ServerProcess[] listeners, CancellationToken stop)
    {
        for (int fault = 0; !stop.IsCancellationRequested; fault++)
        {
            if (fault % 3 == 2)
            {
                await records.KillAsync();
                await records.StartAgainAsync();
            }
            else
            {
                await listeners[fault % 3].KillAsync();
                await listeners[fault % 3].StartAgainAsync();
            }
        }
    }

    private static string NewId() => Guid.NewGuid().ToString();

    private async Task<ServerProcess> StartAsync()
    {
        servers.Add(await ServerProcess.StartAsync(
            "--workers", "2", "--set", $"stores.blobs.remote.url=grpc://{node.GrpcAddress}", "--set", "cas.store=blobs", "--set", $"stores.results.redis.endpoints={results.Endpoint}",
            "--set", "actionCache.store=results", "--set", $"builds.shared.redis.endpoints={records.Endpoint}"));
        return servers[^1];
    }

    private async Task BuildAsync(ServerProcess server, string id, string flavour)
    {
        if (builds++ > 0)
            await workspace.CleanAsync();
        (await workspace.BuildAsync(server.RemoteExecutorFlag, $"--invocation_id={id}", $"--action_env=FLAVOUR={flavour}", "//many:all")).Succeeded();
    }

    private async Task UntilExplainedAsync(ServerProcess server, string build, string kind, string subject)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromSeconds(40));
        string last = "";
        while (!patience.IsCancellationRequested)
        {
            using HttpResponseMessage response = await http.GetAsync($"http://{server.HttpAddress}/api/v1/builds/{build}/causes", Token);
            last = await response.Content.ReadAsStringAsync(Token);
            if (response.IsSuccessStatusCode && JsonSerializer.Deserialize<JsonElement>(last).GetProperty("causes").EnumerateArray()
                .Where(cause => cause.GetProperty("kind").GetString() == kind && (kind == "firstSeen" || cause.GetProperty("subject").GetString() == subject))
                .Sum(cause => cause.GetProperty("actions").GetInt32()) == SampleSources.Many)
                return;
            await Task.Delay(50, Token);
        }

        Assert.Fail($"the server at {server.HttpAddress} does not say {kind} {subject} of {build}, but {last}");
    }

    private async Task UntilAsync(ServerProcess server, string build, string kind, (int Actions, int Hits, int Misses, int Of) expected)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromSeconds(40));
        string last = "";
        while (!patience.IsCancellationRequested)
        {
            using HttpResponseMessage response = await http.GetAsync($"http://{server.HttpAddress}/api/v1/builds/{build}", Token);
            last = await response.Content.ReadAsStringAsync(Token);
            if (response.IsSuccessStatusCode && Counts(JsonSerializer.Deserialize<JsonElement>(last), kind) == expected)
                return;
            await Task.Delay(50, Token);
        }

        Assert.Fail($"the server at {server.HttpAddress} has not {expected} of {build}, but {last}");
    }

    private async Task<JsonElement> GetAsync(ServerProcess server, string path) =>
        JsonSerializer.Deserialize<JsonElement>(await http.GetStringAsync($"http://{server.HttpAddress}/api/v1/{path}", Token));

    private static long Sharing(JsonElement stats, string count) => stats.GetProperty("sharing").GetProperty(count).GetInt64();

    private static string[] Outcomes(string actions) =>
        [.. JsonSerializer.Deserialize<JsonElement>(actions).GetProperty("items").EnumerateArray().Select(action => $"{action.GetProperty("action")} {action.GetProperty("outcome")}").Order(StringComparer.Ordinal)];

    private static (int Actions, int Hits, int Misses, int Of) Counts(JsonElement build, string kind)
    {
        JsonElement sums = build.GetProperty("build").GetProperty("sums");
        return (sums.GetProperty("actions").GetInt32(), sums.GetProperty("hits").GetInt32(), sums.GetProperty("misses").GetInt32(), sums.GetProperty(kind).GetInt32());
    }
}
