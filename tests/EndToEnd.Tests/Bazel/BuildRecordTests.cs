using System.Globalization;
using System.Text.Json;

namespace RemoteExec.EndToEnd.Tests.Bazel;

/// <summary>What the server tells of builds that a real Bazel has made.</summary>
public sealed class BuildRecordTests(SharedWorkspace shared) : IAsyncLifetime
{
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false });
    private BazelWorkspace workspace = null!;
    private ServerProcess server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        workspace = await shared.GetCleanAsync();
        server = await ServerProcess.StartAsync("--workers", "4");
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        if (server is not null)
            await server.DisposeAsync();
    }

    [Fact]
    [Rule("RMD-01")]
    public async Task A_cold_build_is_all_misses_and_a_warm_one_all_hits_to_the_last_action()
    {
        string cold = await BuildAsync(server.RemoteExecutorFlag);
        string warm = await BuildAsync(server.RemoteExecutorFlag);

        JsonElement first = await GetAsync($"builds/{cold}"), second = await GetAsync($"builds/{warm}");

        Assert.Equal((SampleSources.Many, 0, SampleSources.Many, SampleSources.Many), Counts(first, "executed"));
        Assert.Equal((SampleSources.Many, SampleSources.Many, 0, 0), Counts(second, "executed"));
        Assert.Equal("bazel", first.GetProperty("build").GetProperty("tool").GetString());
        JsonElement ran = Sums(first), saved = Sums(second);
        Assert.True(ran.GetProperty("runSeconds").GetDouble() > 0);
        Assert.Equal(ran.GetProperty("runSeconds").GetDouble(), saved.GetProperty("timeSavedSeconds").GetDouble(), 3);
        Assert.Equal(0, saved.GetProperty("hitsWithoutTime").GetInt32());
        Assert.True(ran.GetProperty("bytesReceived").GetInt64() > 0);
        // Each of the files has its number and the end of a line.
        long outputs = Enumerable.Range(0, SampleSources.Many).Sum(number => number.ToString(CultureInfo.InvariantCulture).Length + 1);
        Assert.Equal(outputs, saved.GetProperty("bytesSent").GetInt64());
        Assert.Equal(["Genrule"], first.GetProperty("mnemonics").EnumerateArray().Select(kind => kind.GetProperty("name").GetString()));
        Assert.Equal(
            Enumerable.Range(0, SampleSources.Many).Select(number => $"//many:g{number}").Order(StringComparer.Ordinal),
            first.GetProperty("targets").EnumerateArray().Select(target => target.GetProperty("name").GetString()!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_the_client_runs_itself_is_a_miss_that_it_has_stored()
    {
        string cold = await BuildAsync(server.RemoteCacheFlag);
        string warm = await BuildAsync(server.RemoteCacheFlag);

        Assert.Equal((SampleSources.Many, 0, SampleSources.Many, SampleSources.Many), Counts(await GetAsync($"builds/{cold}"), "stored"));
        Assert.Equal((SampleSources.Many, SampleSources.Many, 0, 0), Counts(await GetAsync($"builds/{warm}"), "stored"));
    }

    [Fact]
    public async Task Without_metadata_over_HTTP_the_tool_and_its_hits_are_known_all_the_same()
    {
        await BuildAsync(server.HttpCacheFlag);
        await BuildAsync(server.HttpCacheFlag);

        JsonElement total = (await GetAsync("stats?since=2h&tool=bazel")).GetProperty("total");

        // The second build found what the first one missed; unless the hour has changed between them, that is one build whose actions are all hits.
        Assert.InRange(total.GetProperty("hits").GetInt32(), SampleSources.Many, 2 * SampleSources.Many);
        Assert.True(total.GetProperty("bytesSent").GetInt64() > 0);
    }

    [Fact]
    public async Task An_action_that_fails_is_found_with_its_target_and_exit_code()
    {
        workspace.Write("failing/BUILD", """genrule(name = "bad", outs = ["bad.txt"], cmd = "exit 3")""");
        string id = Guid.NewGuid().ToString();

        BazelRun run = await workspace.BuildAsync(server.RemoteExecutorFlag, $"--invocation_id={id}", "//failing:bad");

        Assert.NotEqual(0, run.ExitCode);
        JsonElement action = (await GetAsync($"builds/{id}/actions?outcome=failed")).GetProperty("items").EnumerateArray().Single();
        Assert.Equal(("//failing:bad", "nonzero_exit", 3), (action.GetProperty("target").GetString(), action.GetProperty("ending").GetString(), action.GetProperty("exitCode").GetInt32()));
        Assert.Contains(id, (await GetAsync("builds?failed=true")).GetProperty("items").EnumerateArray().Select(build => build.GetProperty("invocation").GetString()));
    }

    [Fact]
    public async Task The_critical_path_goes_from_what_makes_an_input_to_what_takes_it()
    {
        workspace.Write("chain/BUILD", """
            genrule(name = "first", outs = ["first.txt"], cmd = "sleep 0.4; echo 1 > $@")
            genrule(name = "second", srcs = [":first"], outs = ["second.txt"], cmd = "sleep 0.3; cat $< $< > $@")
            genrule(name = "third", srcs = [":second", "here.txt"], outs = ["third.txt"], cmd = "sleep 0.2; cat $(SRCS) > $@")
            genrule(name = "alone", outs = ["alone.txt"], cmd = "sleep 0.5; echo alone > $@")
            """);
        workspace.Write("chain/here.txt", "here\n");
        string cold = Guid.NewGuid().ToString(), warm = Guid.NewGuid().ToString();
        (await workspace.BuildAsync(server.RemoteExecutorFlag, $"--invocation_id={cold}", "//chain:all")).Succeeded();
        await workspace.CleanAsync();
        (await workspace.BuildAsync(server.RemoteExecutorFlag, $"--invocation_id={warm}", "//chain:all")).Succeeded();

        JsonElement ran = await GetAsync($"builds/{cold}/critical-path"), found = await GetAsync($"builds/{warm}/critical-path");

        Assert.All([ran, found], path =>
        {
            JsonElement[] steps = [.. path.GetProperty("steps").EnumerateArray()];
            Assert.Equal(["//chain:first", "//chain:second", "//chain:third"], steps.Select(step => step.GetProperty("action").GetProperty("target").GetString()!));
            Assert.Equal(["", "bazel-out/k8-fastbuild/bin/chain/first.txt", "bazel-out/k8-fastbuild/bin/chain/second.txt"], steps.Select(step => step.GetProperty("input").GetString()!));
            Assert.True(path.GetProperty("seconds").GetDouble() >= 0.9);
            Assert.Equal((4, 0, 0, true), (path.GetProperty("actions").GetInt32(), path.GetProperty("withoutInputs").GetInt32(), path.GetProperty("withoutTime").GetInt32(), path.GetProperty("isComplete").GetBoolean()));
        });
        Assert.Equal(ran.GetProperty("seconds").GetDouble(), found.GetProperty("seconds").GetDouble(), 3);
    }

    [Fact]
    public async Task Builds_are_there_after_a_restart()
    {
        string id = await BuildAsync(server.RemoteCacheFlag);

        Assert.Equal(0, await server.StopAsync());
        await server.StartAgainAsync();

        Assert.Equal((SampleSources.Many, 0, SampleSources.Many, SampleSources.Many), Counts(await GetAsync($"builds/{id}"), "stored"));
    }

    private async Task<string> BuildAsync(string flag)
    {
        await workspace.CleanAsync();
        string id = Guid.NewGuid().ToString();
        (await workspace.BuildAsync(flag, $"--invocation_id={id}", "//many:all")).Succeeded();
        return id;
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        string answer = await http.GetStringAsync($"http://{server.HttpAddress}/api/v1/{path}", Token);
        return JsonSerializer.Deserialize<JsonElement>(answer);
    }

    private static JsonElement Sums(JsonElement build) => build.GetProperty("build").GetProperty("sums");

    private static (int Actions, int Hits, int Misses, int Of) Counts(JsonElement build, string kind)
    {
        JsonElement sums = Sums(build);
        return (sums.GetProperty("actions").GetInt32(), sums.GetProperty("hits").GetInt32(), sums.GetProperty("misses").GetInt32(), sums.GetProperty(kind).GetInt32());
    }
}
