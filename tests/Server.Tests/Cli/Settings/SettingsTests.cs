using System.Text.Json;
using System.Text.RegularExpressions;
using RemoteExec.Server.Cli.Settings;
using RemoteExec.Server.Hosting;
using RemoteExec.TestKit;

namespace RemoteExec.Server.Tests.Cli.Settings;

public sealed partial class SettingsTests : IAsyncLifetime
{
    private readonly TemporaryDirectory data = new();
    private RunningServer server = null!;

    public static TheoryData<string> Clients { get; } = [.. ClientConfig.All.Select(client => client.Name)];

    private string Address => $"grpc://{server.Listeners.First(listener => listener.Kind == ListenerKind.Grpc).Address}";

    private string Http => $"http://{server.Listeners.First(listener => listener.Kind == ListenerKind.Http).Address}";

    public async ValueTask InitializeAsync() => server = await TestServers.StartAsync(data, "worker.slots=1");

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        data.Dispose();
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task What_is_printed_is_what_the_documentation_says(string client)
    {
        string document = await File.ReadAllTextAsync(Repository.Path("docs", "clients.md"), TestContext.Current.CancellationToken);

        string[] keys = [.. (await PrintAsync(client)).Where(line => !line.StartsWith('#')).SelectMany(line => Key().Matches(line)).Select(match => match.Value)];

        Assert.NotEmpty(keys);
        Assert.All(keys, key => Assert.Contains(key, document, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Bazel_is_told_of_execution_only_where_there_is_some()
    {
        using var other = new TemporaryDirectory();
        await using RunningServer cache = await TestServers.StartAsync(other, "execution.enabled=false");

        Assert.Contains($"build:remote --remote_executor={Address}", await PrintAsync("bazel"));
        Assert.Contains("build --remote_instance_name=team", await PrintAsync("bazel"));
        string only = (await CommandRun.RunAsync("bazelrc", "--server", $"grpc://{cache.Listeners.First(listener => listener.Kind == ListenerKind.Grpc).Address}")).Succeeded();
        Assert.Contains("build:cache --remote_cache=", only, StringComparison.Ordinal);
        Assert.DoesNotContain("--remote_executor", only, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_short_names_print_the_same()
    {
        foreach ((string name, string client) in new[] { ("bazelrc", "bazel"), ("pantsconfig", "pants"), ("buckconfig", "buck2") })
            Assert.Equal(string.Join('\n', await PrintAsync(client)), (await CommandRun.RunAsync(name, "--server", Address, "--instance", "team")).Succeeded().TrimEnd('\n'));
    }

    [Fact]
    public async Task JSON_has_the_lines_and_where_they_belong()
    {
        JsonElement settings = JsonDocument.Parse((await CommandRun.RunAsync("settings", "pants", "--server", Address, "--json")).Succeeded()).RootElement;

        Assert.Equal("pants.toml", settings.GetProperty("place").GetString());
        Assert.Equal("[GLOBAL]", settings.GetProperty("lines")[0].GetString());
    }

    [Fact]
    public async Task Mistakes_are_told_in_words()
    {
        Assert.Contains("ccache speaks HTTP: say where the server's HTTP listener is, with --http URL", (await CommandRun.RunAsync("settings", "ccache", "--server", Address)).Error, StringComparison.Ordinal);
        Assert.Contains("does not tell what it offers", (await CommandRun.RunAsync("settings", "bazel", "--server", "grpc://127.0.0.1:1")).Error, StringComparison.Ordinal);
        Assert.Equal(2, (await CommandRun.RunAsync("settings", "make")).Code);
    }

    private async Task<string[]> PrintAsync(string client) =>
        (await CommandRun.RunAsync("settings", client, "--server", Address, "--http", Http, "--instance", "team")).Succeeded().TrimEnd('\n').Split('\n');

    // Flags, and what stands before = or : at the begin of a line.
    [GeneratedRegex(@"--(?:no)?[a-z_]+|(?<=^ *(?:export )?)[A-Za-z_-]+(?= ?[:=])")]
    private static partial Regex Key();
}
