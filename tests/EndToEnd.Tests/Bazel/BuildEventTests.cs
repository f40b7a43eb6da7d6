using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace RemoteExec.EndToEnd.Tests.Bazel;

/// <summary>What the server knows of builds that a real Bazel tells of, event by event.</summary>
public sealed partial class BuildEventTests(SharedWorkspace shared) : IAsyncLifetime
{
    private const int Others = 30; // targets that need not wait
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false });
    private readonly string id = Guid.NewGuid().ToString();
    private BazelWorkspace workspace = null!;
    private ServerProcess server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string BackEndFlag => $"--bes_backend=grpc://{server.GrpcAddress}";

    private string IdFlag => $"--invocation_id={id}";

    public async ValueTask InitializeAsync()
    {
        workspace = await shared.GetCleanAsync();
        server = await ServerProcess.StartAsync("--workers", "0");
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        if (workspace is not null && Directory.Exists(workspace.Source("told")))
            Directory.Delete(workspace.Source("told"), recursive: true); // others would build what waits
        if (server is not null)
            await server.DisposeAsync();
    }

    [Fact]
    [Rule("Q-22")]
    public async Task A_build_that_went_well_says_so_and_where_to_look_at_it()
    {
        workspace.Write("told/BUILD", """genrule(name = "good", outs = ["good.txt"], cmd = "echo good > $@")""");

        BazelRun run = (await workspace.BuildAsync(
            BackEndFlag, server.RemoteCacheFlag, $"--bes_results_url=http://{server.HttpAddress}/console/builds/", "--bes_keywords=nightly", IdFlag, "//told/...")).Succeeded();

        JsonElement build = await GetAsync($"builds/{id}");
        JsonElement report = build.GetProperty("build").GetProperty("report");
        Assert.Equal(("succeeded", 0, "SUCCESS", "build"), (Text(report, "status"), report.GetProperty("exitCode").GetInt32(), Text(report, "exitName"), Text(report, "command")));
        Assert.Equal((Environment.UserName, Environment.MachineName), (Text(report, "user"), Text(report, "host")));
        Assert.Equal(workspace.Source("").TrimEnd('/'), Text(report, "workspace"));
        Assert.Equal(["//told/..."], Texts(report, "patterns"));
        Assert.Contains("user_keyword=nightly", Texts(report, "keywords"));
        Assert.True(report.GetProperty("wallSeconds").GetDouble() > 0);
        Assert.True(build.GetProperty("build").GetProperty("isOver").GetBoolean());
        Assert.Equal(1, build.GetProperty("build").GetProperty("sums").GetProperty("actions").GetInt32()); // its calls and its events are of one build
        Assert.Equal(["//told:good genrule rule ok"], await TargetsAsync());

        string printed = ResultsUrl().Match(run.Output).Groups["url"].Value;
        using HttpResponseMessage answer = await http.GetAsync(printed, Token);
        Assert.Equal((HttpStatusCode.Redirect, $"/console/#/builds/{id}"), (answer.StatusCode, answer.Headers.Location?.ToString()));
    }

    [Fact]
    public async Task With_the_lines_that_the_server_prints_Bazel_says_where_its_build_is_shown()
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllLines(directory["bazelrc"], server.Output.Split('\n').Where(line => line.StartsWith("build:", StringComparison.Ordinal)));
        workspace.Write("told/BUILD", """genrule(name = "good", outs = ["good.txt"], cmd = "echo good > $@")""");

        workspace.Settings = directory["bazelrc"];
        BazelRun run = await workspace.BuildAsync("--config=cache", IdFlag, "//told/...");
        workspace.Settings = null;

        Assert.Contains($"http://{server.HttpAddress}/console/builds/{id}", run.Succeeded().Output, StringComparison.Ordinal);
        await WaitForAsync($"builds?status=succeeded", answer => answer.GetProperty("items").EnumerateArray().Any(build => Text(build, "invocation") == id));
    }

    [Fact]
    public async Task What_fails_is_told_with_what_it_wrote()
    {
        workspace.Write("told/BUILD", """
            genrule(name = "good", outs = ["good.txt"], cmd = "echo good > $@")
            genrule(name = "bad", outs = ["bad.txt"], cmd = "echo what went wrong >&2; exit 3")
            genrule(name = "behind", srcs = ["bad.txt"], outs = ["behind.txt"], cmd = "cp $< $@")
            """);

        BazelRun run = await workspace.BuildAsync(BackEndFlag, server.RemoteCacheFlag, IdFlag, "--keep_going", "//told/...");

        Assert.Equal(1, run.ExitCode);
        JsonElement build = await GetAsync($"builds/{id}");
        Assert.Equal(("failed", "BUILD_FAILURE"), (Text(build.GetProperty("build").GetProperty("report"), "status"), Text(build.GetProperty("build").GetProperty("report"), "exitName")));
        Assert.Equal(["//told:bad genrule rule failed", "//told:behind genrule rule failed", "//told:good genrule rule ok"], await TargetsAsync());
        JsonElement action = build.GetProperty("failedActions").EnumerateArray().Single();
        Assert.Equal(("//told:bad", "Genrule"), (Text(action, "target"), Text(action, "mnemonic")));
        string digest = Regex.Match(Text(action, "stderr"), "^bytestream://.*/blobs/(?<digest>[0-9a-f]+/[0-9]+)$").Groups["digest"].Value;
        Assert.Contains("what went wrong", await http.GetStringAsync($"http://{server.HttpAddress}/api/v1/blobs/{digest}", Token), StringComparison.Ordinal);
        Assert.Equal([id], (await GetAsync($"builds?status=failed&user={Environment.UserName}")).GetProperty("items").EnumerateArray().Select(item => Text(item, "invocation")));
        Assert.Empty((await GetAsync("builds?status=succeeded")).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task Tests_are_as_Bazel_says_they_are()
    {
        // The third fails when it is tried first.
        workspace.Write("told/BUILD", """
            sh_test(name = "passes", srcs = ["passes.sh"], size = "small")
            sh_test(name = "fails", srcs = ["fails.sh"], size = "small")
            sh_test(name = "flaky", srcs = ["flaky.sh"], size = "small", flaky = True, local = True)
            sh_test(name = "parts", srcs = ["passes.sh"], size = "small", shard_count = 2)
            """);
        using var tried = new TemporaryDirectory();
        WriteScript("passes.sh", "exit 0");
        WriteScript("fails.sh", "echo how it failed; exit 1");
        WriteScript("flaky.sh", $"[ -e {tried["once"]} ] || {{ touch {tried["once"]}; exit 1; }}");

        BazelRun run = await workspace.RunAsync("test", BackEndFlag, server.RemoteCacheFlag, IdFlag, "//told/...");

        Assert.Equal(3, run.ExitCode);
        JsonElement report = (await GetAsync($"builds/{id}")).GetProperty("build").GetProperty("report");
        Assert.Equal(("failed", "TESTS_FAILED", "test", 1), (Text(report, "status"), Text(report, "exitName"), Text(report, "command"), report.GetProperty("failedTests").GetInt32()));
        JsonElement[] tests = [.. (await GetAsync($"builds/{id}/tests")).GetProperty("items").EnumerateArray()];
        Assert.Equal(
            ["//told:fails failed 1 1", "//told:flaky flaky 2 2", "//told:parts passed 1 2", "//told:passes passed 1 1"],
            tests.Select(test => $"{Text(test, "label")} {Text(test, "status")} {test.GetProperty("attempts")} {test.GetProperty("results")}"));
        Assert.Equal(2, tests[2].GetProperty("shards").GetInt32());
        string digest = Regex.Match(Text(tests[0], "log"), "/blobs/(?<digest>[0-9a-f]+/[0-9]+)$").Groups["digest"].Value;
        Assert.Contains("how it failed", await http.GetStringAsync($"http://{server.HttpAddress}/api/v1/blobs/{digest}", Token), StringComparison.Ordinal);

        // What is up to date is told again, as what Bazel has from before.
        string second = Guid.NewGuid().ToString();
        await workspace.RunAsync("test", BackEndFlag, server.RemoteCacheFlag, $"--invocation_id={second}", "//told:passes");
        JsonElement cached = (await GetAsync($"builds/{second}/tests")).GetProperty("items").EnumerateArray().Single();
        Assert.Equal(("passed", 1), (Text(cached, "status"), cached.GetProperty("cachedLocally").GetInt32()));
    }

    [Fact]
    public async Task A_build_that_can_t_begin_says_why()
    {
        BazelRun run = await workspace.BuildAsync(BackEndFlag, IdFlag, "//nowhere:nothing");

        Assert.NotEqual(0, run.ExitCode);
        JsonElement report = (await GetAsync($"builds/{id}")).GetProperty("build").GetProperty("report");
        Assert.Equal("failed", Text(report, "status"));
        Assert.Contains("nowhere", Text(report, "problem"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_build_that_somebody_stops_was_interrupted()
    {
        await using var gate = new Gate();
        WriteWaiting(gate);
        await using ChildProcess bazel = workspace.Start("build", BackEndFlag, IdFlag, "--spawn_strategy=local", "//told/...");
        await gate.WaitForAsync(1);

        await bazel.SignalAsync("INT");

        Assert.Equal(8, await bazel.WaitForExitAsync());
        JsonElement report = (await GetAsync($"builds/{id}")).GetProperty("build").GetProperty("report");
        Assert.Equal(("interrupted", "INTERRUPTED"), (Text(report, "status"), Text(report, "exitName")));
        Assert.Contains("//told:waits genrule rule incomplete", await TargetsAsync());
    }

    [Fact]
    [Rule("BES-03")]
    [Rule("Q-22")]
    public async Task A_connection_that_breaks_costs_a_build_nothing()
    {
        await using FaultyLink link = FaultyLink.Start(server.GrpcAddress);
        await using var gate = new Gate();
        WriteWaiting(gate);
        await using ChildProcess bazel = workspace.Start("build", $"--bes_backend=grpc://{link.Address}", IdFlag, "--spawn_strategy=local", "//told/...");
        await gate.WaitForAsync(1);
        await WaitForTargetsAsync(Others);

        link.Set(LinkState.Down);
        link.Set(LinkState.Up);
        gate.Open();

        Assert.True(await bazel.WaitForExitAsync() == 0, bazel.Output);
        await AssertCompleteAsync();
        Assert.True(await StreamsServedAsync() > 1, "the connection was never broken");
    }

    [Fact]
    [Rule("BES-02")]
    [Rule("BES-03")]
    public async Task A_server_that_is_killed_and_comes_back_goes_on_with_the_stream()
    {
        await using var gate = new Gate();
        WriteWaiting(gate);
        await using ChildProcess bazel = workspace.Start("build", BackEndFlag, IdFlag, "--spawn_strategy=local", "//told/...");
        await gate.WaitForAsync(1);
        await WaitForTargetsAsync(Others);

        await server.KillAsync();
        await server.StartAgainAsync();
        gate.Open();

        Assert.True(await bazel.WaitForExitAsync() == 0, bazel.Output);
        await AssertCompleteAsync();
    }

    private void WriteWaiting(Gate gate) => workspace.Write("told/BUILD", $$"""
        [genrule(name = "t%d" % i, outs = ["t%d.txt" % i], cmd = "echo %d > $@" % i) for i in range({{Others}})]
        genrule(name = "waits", outs = ["waits.txt"], cmd = "{{gate.Command.Replace("$", "$$", StringComparison.Ordinal)}}; echo done > $@")
        """);

    private void WriteScript(string name, string command)
    {
        workspace.Write($"told/{name}", $"#!/bin/sh\n{command}\n");
        File.SetUnixFileMode(workspace.Source($"told/{name}"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private async Task AssertCompleteAsync()
    {
        JsonElement build = await GetAsync($"builds/{id}");
        JsonElement report = build.GetProperty("build").GetProperty("report");
        Assert.Equal(("succeeded", Others + 1, 0), (Text(report, "status"), report.GetProperty("targets").GetInt32(), report.GetProperty("failedTargets").GetInt32()));
        JsonElement counts = build.GetProperty("targetStatuses").EnumerateArray().Single();
        Assert.Equal(("ok", Others + 1), (Text(counts, "status"), counts.GetProperty("count").GetInt32()));
        Assert.Single((await GetAsync("builds")).GetProperty("items").EnumerateArray());
    }

    private Task WaitForTargetsAsync(int count) => WaitForAsync($"builds/{id}/targets?status=ok", answer => answer.GetProperty("items").GetArrayLength() >= count);

    private async Task WaitForAsync(string path, Func<JsonElement, bool> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        while (await FindAsync(path) is not { } answer || !condition(answer))
            await Task.Delay(TimeSpan.FromMilliseconds(50), limit.Token);
    }

    // Null as long as nothing is known of the build.
    private async Task<JsonElement?> FindAsync(string path)
    {
        try
        {
            return await GetAsync(path);
        }
        catch (HttpRequestException exception) when (exception.StatusCode == System.Net.HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    private async Task<int> StreamsServedAsync()
    {
        string metrics = await http.GetStringAsync($"http://{server.HttpAddress}/metrics", Token);
        return StreamsServed().Matches(metrics).Sum(match => int.Parse(match.Groups["count"].Value, System.Globalization.CultureInfo.InvariantCulture));
    }

    private async Task<string[]> TargetsAsync() =>
    [
        .. (await GetAsync($"builds/{id}/targets")).GetProperty("items").EnumerateArray().Select(target => $"{Text(target, "label")} {Text(target, "kind")} {Text(target, "status")}"),
    ];

    private async Task<JsonElement> GetAsync(string path) =>
        JsonSerializer.Deserialize<JsonElement>(await http.GetStringAsync($"http://{server.HttpAddress}/api/v1/{path}", Token));

    private static string Text(JsonElement item, string name) => item.GetProperty(name).GetString()!;

    private static string[] Texts(JsonElement item, string name) => [.. item.GetProperty(name).EnumerateArray().Select(text => text.GetString()!)];

    [GeneratedRegex("Streaming build results to: (?<url>http://\\S+)")]
    private static partial Regex ResultsUrl();

    [GeneratedRegex("""^rpc_server_call_duration_seconds_count\{[^}]*PublishBuildToolEventStream[^}]*\} (?<count>\d+)""", RegexOptions.Multiline)]
    private static partial Regex StreamsServed();
}
