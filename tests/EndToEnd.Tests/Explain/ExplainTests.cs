using System.Text.Json;
using System.Text.RegularExpressions;
using RemoteExec.EndToEnd.Tests.Bazel;

namespace RemoteExec.EndToEnd.Tests.Explain;

/// <summary>What a real Bazel builds again after deliberate changes: the cause that is named is the change that was made.</summary>
public sealed partial class ExplainTests
{
    [Fact]
    public async Task The_cause_that_is_named_is_the_change_that_was_made()
    {
        Requires.Bazel();
        await using var workspace = new BazelWorkspace();
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "2");
        using var http = new HttpClient { BaseAddress = new Uri($"http://{server.HttpAddress}") };
        DeliberateChanges.WriteRulesTo(workspace);
        foreach (DeliberateChange change in DeliberateChanges.All)
            DeliberateChanges.WriteTo(workspace, change, isAfter: false);
        (await workspace.RunAsync("test", server.RemoteExecutorFlag, "//cases/...")).Succeeded();
        await workspace.CleanAsync();
        foreach (DeliberateChange change in DeliberateChanges.All)
            DeliberateChanges.WriteTo(workspace, change, isAfter: true);

        List<string> wrong = [], rows = [];
        foreach (IGrouping<string, DeliberateChange> group in DeliberateChanges.All.GroupBy(change => change.Flags))
        {
            string build = Guid.NewGuid().ToString();
            string[] flags = [server.RemoteExecutorFlag, $"--invocation_id={build}", .. group.Key.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
            (await workspace.RunAsync(group.Key.Length == 0 ? "test" : "build", [.. flags, .. group.Select(change => $"//cases/{change.Target}/...")])).Succeeded();
            foreach (DeliberateChange change in group)
            {
                (string kind, string sentence) = await ExplainAsync(http, build, change);
                if (kind != change.Kind || !IsLike(sentence, change.Sentence))
                    wrong.Add($"{change.What}: {kind}: {sentence}");
                rows.Add($"| {change.What} | {kind} | {sentence} |");
            }
        }

        Assert.Empty(wrong);
        Assert.True(rows.Count >= 20);
        if (Environment.GetEnvironmentVariable("REMOTEEXEC_EXPLAIN_REPORT") is { Length: > 0 } report)
            await File.WriteAllLinesAsync(report, rows, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_client_that_only_uses_the_cache_is_told_of_all_but_its_inputs_and_by_its_logs_of_those_as_well()
    {
        Requires.Bazel();
        await using var workspace = new BazelWorkspace();
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        using var http = new HttpClient { BaseAddress = new Uri($"http://{server.HttpAddress}") };
        DeliberateChange flag = DeliberateChanges.All.Single(change => change.Target == "flag"), header = DeliberateChanges.All.Single(change => change.Target == "header");
        DeliberateChanges.WriteRulesTo(workspace);
        string[] logs = [workspace.Source("before.json"), workspace.Source("after.json")];
        string build = "";
        foreach (bool isAfter in new[] { false, true })
        {
            DeliberateChanges.WriteTo(workspace, flag, isAfter);
            DeliberateChanges.WriteTo(workspace, header, isAfter);
            build = Guid.NewGuid().ToString();
            (await workspace.BuildAsync(server.RemoteCacheFlag, $"--invocation_id={build}", $"--execution_log_json_file={logs[isAfter ? 1 : 0]}", "//cases/...")).Succeeded();
        }

        Assert.Equal(("argument", "flag -O2 became -O3"), await ExplainAsync(http, build, flag));
        Assert.Equal("inputs", (await ExplainAsync(http, build, header)).Kind);
        string offline = await RunAsync("explain", "--execution-log", logs[0], logs[1]);
        Assert.Contains("flag -O2 became -O3", offline, StringComparison.Ordinal);
        Assert.Contains("cases/header/x.h changed", offline, StringComparison.Ordinal);
        string online = await RunAsync("explain", build, "--server", $"http://{server.HttpAddress}");
        Assert.Contains("2 actions missed", online, StringComparison.Ordinal);
        string[] actions = await ActionsAsync(http, flag);
        string two = await RunAsync("explain", actions[1], actions[0], "--server", $"http://{server.HttpAddress}");
        Assert.Contains("flag -O2 became -O3", two, StringComparison.Ordinal);
    }

    private static async Task<(string Kind, string Sentence)> ExplainAsync(HttpClient http, string build, DeliberateChange change)
    {
        using JsonDocument actions = await GetAsync(http, $"/api/v1/builds/{build}/actions?target={Uri.EscapeDataString($"//cases/{change.Target}:t")}&mnemonic={change.Mnemonic}");
        string action = actions.RootElement.GetProperty("items")[0].GetProperty("action").GetString()!;
        string hash = Hash().Match(action).Value;
        using JsonDocument explanation = await GetAsync(http, $"/api/v1/actions/{hash}/explanation");
        JsonElement cause = explanation.RootElement.GetProperty("cause");
        return (cause.GetProperty("kind").GetString()!, cause.GetProperty("sentence").GetString()!);
    }

    // The latest first.
    private static async Task<string[]> ActionsAsync(HttpClient http, DeliberateChange change)
    {
        using JsonDocument builds = await GetAsync(http, "/api/v1/builds");
        List<string> actions = [];
        foreach (JsonElement build in builds.RootElement.GetProperty("items").EnumerateArray())
        {
            using JsonDocument found = await GetAsync(http, $"/api/v1/builds/{build.GetProperty("id").GetString()}/actions?target={Uri.EscapeDataString($"//cases/{change.Target}:t")}&mnemonic={change.Mnemonic}");
            actions.AddRange(found.RootElement.GetProperty("items").EnumerateArray().Select(action => action.GetProperty("action").GetString()!));
        }

        return [.. actions];
    }

    private static async Task<JsonDocument> GetAsync(HttpClient http, string path)
    {
        using HttpResponseMessage response = await http.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{path}: {text}");
        return JsonDocument.Parse(text);
    }

    private static async Task<string> RunAsync(params string[] arguments)
    {
        await using ChildProcess program = ChildProcess.Start(ServerProcess.Program, arguments);
        Assert.True(await program.WaitForExitAsync() == 0, program.Output);
        return program.Output;
    }

    private static bool IsLike(string sentence, string expected) => Regex.IsMatch(sentence, $"^{Regex.Escape(expected).Replace("…", ".*", StringComparison.Ordinal)}$");

    [GeneratedRegex("[0-9a-f]{64}")]
    private static partial Regex Hash();
}
