using System.Text.Json;
using RemoteExec.Server.Cli;

namespace RemoteExec.Server.Tests.Operators;

/// <summary>What operators type, and read.</summary>
public sealed class OperatorCommandTests : IAsyncLifetime
{
    private const string Nobody = "operations/6f9c2a4e-0000-4000-8000-000000000000";
    private SteeredServer server = null!;

    public async ValueTask InitializeAsync() => server = await SteeredServer.StartAsync();

    public ValueTask DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task Lists_that_are_empty_say_what_to_do_next()
    {
        Assert.Contains("nothing waits and nothing runs", await ReadAsync("queue", "list"), StringComparison.Ordinal);
        Assert.Contains("run 'remoteexec worker --server", await ReadAsync("workers", "list"), StringComparison.Ordinal);
        Assert.Contains("look at what has ended lately with --done", await ReadAsync("operations", "list"), StringComparison.Ordinal);
        Assert.Contains("leave --invocation and --worker out", await ReadAsync("operations", "list", "--invocation", "none"), StringComparison.Ordinal);
        Assert.Contains("'remoteexec queue list' has all platforms", await ReadAsync("queue", "show", "pool=none"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Queues_and_workers_are_tables()
    {
        await server.ConnectWorkerAsync("w1", ("pool", "big"));
        await server.ExecuteAsync("first", "build", ("pool", "big"));
        await server.ExecuteAsync("second", "build", ("pool", "big"));

        string[] queue = Lines(await ReadAsync("queue", "list"));
        string[] workers = Lines(await ReadAsync("workers", "list"));
        string[] builds = Lines(await ReadAsync("queue", "show", "pool=big"));

        Assert.Equal("QUEUED OLDEST RUNNING WORKERS SLOTS IDLE ASKED FOR", Squeezed(queue[0]));
        Assert.Matches(@"^1 \d+ s 1 1 1 0 pool=big$", Squeezed(queue[1]));
        Assert.Equal("WORKERS SLOTS BUSY IDLE OUT OF SERVICE OFFERED", Squeezed(queue[2]));
        Assert.Equal("1 1 1 0 - pool=big", Squeezed(queue[3]));
        Assert.Matches(@"^w1 ready 1/1 - - \d+ s pool=big$", Squeezed(workers[1]));
        Assert.Equal("pool=big", builds[0]);
        Assert.Matches(@"^1 queued \(the oldest for \d+ s\), 1 running; 1 worker with 1 slot, 0 idle$", builds[1]);
        Assert.Equal("1 1 interactive build -", Squeezed(builds[3]));
    }

    [Fact]
    public async Task Operations_are_listed_shown_and_cancelled()
    {
        await server.ConnectWorkerAsync("w1");
        string running = await server.ExecuteAsync("first", "build");
        string waiting = await server.ExecuteAsync("second", "build");

        string[] lines = Lines(await ReadAsync("operations", "list"));
        Assert.Matches($@"^running \d+ s w1 Genrule //:first {running}$", Squeezed(lines[1]));
        Assert.Matches($@"^queued \d+ s - Genrule //:second {waiting}$", Squeezed(lines[2]));
        Assert.Equal("and more: --limit 10", Lines(await ReadAsync("operations", "list", "--limit", "1"))[2]);
        Assert.Contains($"runs      {running}", await ReadAsync("workers", "show", "w1"), StringComparison.Ordinal);

        Assert.Equal("1 operation cancelled\n", await ReadAsync("operations", "cancel", waiting));
        string shown = await ReadAsync("operations", "show", waiting);
        Assert.StartsWith($"{waiting}  cancelled\n", shown, StringComparison.Ordinal);
        Assert.Contains("outcome     cancelled: the operation was cancelled", shown, StringComparison.Ordinal);
        Assert.Equal("nothing to cancel: none of it is under way\n", await ReadAsync("operations", "cancel", waiting));
        Assert.Equal("1 operation cancelled\n", await ReadAsync("operations", "cancel", "--invocation", "build"));
        Assert.Equal(2 + 1, Lines(await ReadAsync("operations", "list", "--done")).Length);
    }

    [Fact]
    public async Task Workers_are_drained_and_taken_back()
    {
        await server.ConnectWorkerAsync("w1");

        Assert.Equal("1 worker drained: nothing runs there any more; take back with 'remoteexec workers undrain w*'\n", await ReadAsync("workers", "drain", "w*", "--wait", "--grace", "5m"));
        string[] lines = Lines(await ReadAsync("workers", "list"));
        Assert.StartsWith("w1 drained 0/1", Squeezed(lines[1]), StringComparison.Ordinal);
        Assert.StartsWith("drained: w* (", lines[2], StringComparison.Ordinal);
        Assert.Equal("1 worker back in service\n", await ReadAsync("workers", "undrain", "w*"));
        Assert.StartsWith("w1 ready 0/1", Squeezed(Lines(await ReadAsync("workers", "list"))[1]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task JSON_is_one_document_of_the_whole_answer()
    {
        await server.ConnectWorkerAsync("w1");

        using JsonDocument workers = JsonDocument.Parse(await ReadAsync("workers", "list", "--json"));
        using JsonDocument drained = JsonDocument.Parse(await ReadAsync("workers", "drain", "w1", "--wait", "--json"));
        using JsonDocument none = JsonDocument.Parse(await ReadAsync("operations", "list", "--json"));

        Assert.Equal("w1", workers.RootElement.GetProperty("workers")[0].GetProperty("name").GetString());
        Assert.Equal(1, drained.RootElement.GetProperty("workers").GetInt32());
        Assert.Equal(0, none.RootElement.GetProperty("operations").GetArrayLength());
    }

    [Theory]
    [InlineData(2, "say what to cancel: either names of operations, or --invocation ID (see remoteexec operations cancel --help)", "operations", "cancel")]
    [InlineData(2, "say what to cancel: either names of operations, or --invocation ID (see remoteexec operations cancel --help)", "operations", "cancel", Nobody, "--invocation", "x")]
    [InlineData(2, "--limit 0: write a positive number (see remoteexec operations list --help)", "operations", "list", "--limit", "0")]
    [InlineData(2, "'big' is no platform property: write name=value, or name= for platforms without it (see remoteexec queue show --help)", "queue", "show", "big")]
    [InlineData(2, "--grace: 'soon' is no duration: write numbers with ms, s, m, h or d, for example 90s or 1h30m (see remoteexec workers drain --help)", "workers", "drain", "w1", "--grace", "soon")]
    [InlineData(1, "no worker 'w1' is connected: list the names with 'remoteexec workers list'; a * at the end stands for anything", "workers", "drain", "w1")]
    [InlineData(1, "no worker 'w1' is connected: list the names with 'remoteexec workers list'; a * at the end stands for anything", "workers", "show", "w1")]
    [InlineData(1, "nothing is drained by the name 'w1'; what is: nothing", "workers", "undrain", "w1")]
    public async Task A_mistake_is_told_in_words(int code, string line, params string[] arguments) =>
        Assert.Equal((code, "", $"remoteexec: {line}\n"), await server.RunAsync(arguments));

    [Fact]
    public async Task A_server_that_does_not_answer_or_executes_nothing_is_told_with_the_flag_to_change()
    {
        await using SteeredServer cache = await SteeredServer.StartAsync("execution.enabled=false");

        (int code, string _, string error) = await cache.RunAsync("queue", "list");
        Assert.Equal((1, $"remoteexec: the server at grpc://{cache.GrpcAddress} executes nothing, or is too old for this: name another with --server\n"), (code, error));

        using var output = new StringWriter();
        using var errors = new StringWriter();
        code = await CommandLine.RunAsync(["workers", "list", "--server", "127.0.0.1:1"], new Terminal(output, errors, colourOutput: false, colourError: false));
        Assert.Equal(1, code);
        Assert.EndsWith("name the gRPC address of a server that runs with --server\n", errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task On_a_terminal_there_are_bars_and_colours()
    {
        await server.ConnectWorkerAsync("w1");
        await server.ExecuteAsync("first", "build");
        using var output = new StringWriter();

        await CommandLine.RunAsync(["workers", "list", "--server", server.GrpcAddress], new Terminal(output, TextWriter.Null, colourOutput: true, colourError: false));

        Assert.Contains("████████", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("\e[1;", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_clients_and_workers_call_themselves_is_no_command_to_the_terminal()
    {
        await server.ConnectWorkerAsync("evil\e[2J\n");

        string list = await ReadAsync("workers", "list");

        Assert.DoesNotContain('\e', list);
        Assert.Equal(2, Lines(list).Length);
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static string Squeezed(string line) => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private async Task<string> ReadAsync(params string[] arguments)
    {
        (int code, string output, string error) = await server.RunAsync(arguments);
        Assert.True(code == 0, error);
        Assert.Empty(error);
        return output;
    }
}
