using System.Text.Json;
using RemoteExec.Server.Hosting;

namespace RemoteExec.Server.Tests.Cli.Probing;

/// <summary><c>remoteexec conform</c> and <c>bench</c>, as they are typed.</summary>
public sealed class ProbingCommandTests : IAsyncLifetime
{
    private readonly TemporaryDirectory data = new();
    private RunningServer server = null!;

    private string Address => $"grpc://{server.Listeners.First(listener => listener.Kind == ListenerKind.Grpc).Address}";

    public async ValueTask InitializeAsync() => server = await TestServers.StartAsync(data);

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        data.Dispose();
    }

    [Fact]
    public async Task Conform_prints_each_rule_and_a_sum()
    {
        string output = (await CommandRun.RunAsync("conform", Address, "--rule", "BSQ", "--rule", "AC-08", "--seed", "5")).Succeeded();

        Assert.Matches(@"(?m)^BSQ-01 +must +pass +a finished upload is complete", output);
        Assert.Matches(@"(?m)^AC-08 +should +not offered .* updates are allowed$", output);
        Assert.EndsWith($"\n{Address}: 3 passed, 0 failed (0 of them a must), 1 not offered; --seed 5\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Conform_prints_JSON()
    {
        JsonElement outcome = JsonDocument.Parse((await CommandRun.RunAsync("conform", Address, "--rule", "BSQ-01", "--json")).Succeeded()).RootElement;

        Assert.Equal((1, 0), (outcome.GetProperty("passed").GetInt32(), outcome.GetProperty("failed").GetInt32()));
        Assert.Equal("pass", outcome.GetProperty("checks")[0].GetProperty("verdict").GetString());
    }

    [Fact]
    public async Task Bench_prints_a_table_CSV_or_JSON()
    {
        string[] flags = ["bench", Address, "--mix", "read-1k", "--mix", "write-1k", "--count", "10", "--warm-up", "0s", "--concurrency", "2", "--seed", "9"];

        string table = (await CommandRun.RunAsync(flags)).Succeeded();
        string[] csv = (await CommandRun.RunAsync([.. flags, "--csv"])).Succeeded().TrimEnd('\n').Split('\n');
        JsonElement json = JsonDocument.Parse((await CommandRun.RunAsync([.. flags, "--json"])).Succeeded()).RootElement;

        Assert.StartsWith($"{Address}, 2 calls at a time over 4 connections, --seed 9\nfrom remoteexec ", table, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^read-1k +10 +[\d,.]+ +[\d.]+( +[\d,.]+){5} +0$", table);
        Assert.Equal(3, csv.Length);
        Assert.All(csv, line => Assert.Equal(csv[0].Count(character => character == ','), line.Count(character => character == ',')));
        Assert.Equal(10, json.GetProperty("mixes")[1].GetProperty("calls").GetInt32());
        Assert.True(json.GetProperty("mixes")[0].GetProperty("latencyMs").GetProperty("p99.9").GetDouble() > 0);
    }

    [Theory]
    [InlineData("--rule NONE: there is no check for it; the rules begin with CAP", "conform", "--rule", "NONE")]
    [InlineData("--mix none: there is none of that name: get-action-result", "bench", "--mix", "none")]
    [InlineData("--concurrency 0: write a positive number", "bench", "--concurrency", "0")]
    [InlineData("--duration soon: 'soon' is no duration", "bench", "--duration", "soon")]
    public async Task A_mistake_is_told_in_words(string message, params string[] arguments)
    {
        CommandRun run = await CommandRun.RunAsync(arguments);

        Assert.Equal((2, ""), (run.Code, run.Output));
        Assert.StartsWith($"remoteexec: {message}", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("conform")]
    [InlineData("bench")]
    public async Task A_server_that_is_not_there_is_one_line(string command)
    {
        CommandRun run = await CommandRun.RunAsync(command, "grpc://127.0.0.1:1");

        Assert.Equal((1, ""), (run.Code, run.Output));
        Assert.Single(run.Error.TrimEnd('\n').Split('\n'));
        Assert.Contains("'remoteexec doctor grpc://127.0.0.1:1' says more", run.Error, StringComparison.Ordinal);
    }
}
