using System.Globalization;

namespace RemoteExec.TestKit;

/// <summary>A Redis server of a test's own, on loopback: it can be killed, stopped and started again at the same address, empty each time.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly string[] arguments;
    private ChildProcess? process;

    private RedisServer(string[] arguments) => this.arguments = arguments;

    /// <summary>The port, in the clear unless the arguments say otherwise.</summary>
    public int Port { get; } = FreePorts.First(1);

    /// <summary>The address.</summary>
    public string Endpoint => $"127.0.0.1:{Port}";

    /// <summary>Starts a server; it answers when this returns.</summary>
    /// <param name="arguments">As on its command line; without any <c>--port</c> it listens in the clear.</param>
    public static async Task<RedisServer> StartAsync(params string[] arguments)
    {
        var server = new RedisServer(arguments);
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Starts it after it was killed.</summary>
    public async Task StartAgainAsync()
    {
        Requires.Program("redis-server", "redis-server");
        string port = Port.ToString(CultureInfo.InvariantCulture);
        string[] listen = arguments.Contains("--tls-port") ? ["--port", "0"] : ["--port", port];
        process = ChildProcess.Start(
            "redis-server",
            [.. listen, "--bind", "127.0.0.1", "--protected-mode", "no", "--save", "", "--appendonly", "no", "--dir", directory.FullPath, .. arguments.Select(word => word.Replace("{port}", port))]);
        await process.WaitForOutputAsync(text => text.Contains("Ready to accept connections", StringComparison.Ordinal), "being ready");
    }

    /// <summary>Ends it as <c>kill -9</c> does.</summary>
    public async Task KillAsync()
    {
        await process!.DisposeAsync();
        process = null;
    }

    /// <summary>Stops it from answering, without its connections breaking, until it is told to go on.</summary>
    public Task SignalAsync(string name) => process!.SignalAsync(name);

    /// <summary>What <c>redis-cli</c> prints for a command.</summary>
    public Task<string> AskAsync(params string[] command) => RedisCli.AskAsync(Port, command);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (process is not null)
            await process.DisposeAsync();
        directory.Dispose();
    }
}
