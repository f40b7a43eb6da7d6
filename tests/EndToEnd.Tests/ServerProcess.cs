using System.Text.RegularExpressions;

namespace RemoteExec.EndToEnd.Tests;

/// <summary>The real server, as a user starts it, on free ports and in a data directory of its own.</summary>
internal sealed partial class ServerProcess : IAsyncDisposable
{
    /// <summary>The program, as it was built.</summary>
    public static readonly string Program = Path.Combine(AppContext.BaseDirectory, "remoteexec");

    private readonly TemporaryDirectory data;
    private string[] flags;
    private readonly IReadOnlyDictionary<string, string?>? environment;
    private ChildProcess process = null!;
    private string program = Program;

    private ServerProcess(TemporaryDirectory data, string[] flags, IReadOnlyDictionary<string, string?>? environment) =>
        (this.data, this.flags, this.environment) = (data, flags, environment);

    /// <summary>The id of the process.</summary>
    public int ProcessId => process.Id;

    /// <summary>Where it keeps what it keeps.</summary>
    public string DataPath => data.FullPath;

    /// <summary><c>127.0.0.1:PORT</c> for workers, if there is a flag for such a listener; stays the same when the server is restarted.</summary>
    public string WorkerAddress { get; private set; } = "";

    /// <summary><c>127.0.0.1:PORT</c> of gRPC; stays the same when the server is restarted.</summary>
    public string GrpcAddress { get; private set; } = "127.0.0.1:0";

    /// <summary><c>127.0.0.1:PORT</c> of the HTTP cache; stays the same when the server is restarted.</summary>
    public string HttpAddress { get; private set; } = "127.0.0.1:0";

    public string RemoteCacheFlag => $"--remote_cache=grpc://{GrpcAddress}";

    public string HttpCacheFlag => $"--remote_cache=http://{HttpAddress}";

    public string RemoteExecutorFlag => $"--remote_executor=grpc://{GrpcAddress}";

    /// <summary>What the server printed since it was started last.</summary>
    public string Output => process.Output;

    public static Task<ServerProcess> StartAsync(params string[] flags) => StartAsync(null, _ => flags);

    /// <summary>Starts one with variables in its environment, and flags that may name its data directory; another build of it, if one is named.</summary>
    public static async Task<ServerProcess> StartAsync(IReadOnlyDictionary<string, string?>? environment, Func<string, string[]> flags, string? program = null)
    {
        var data = new TemporaryDirectory();
        var server = new ServerProcess(data, flags(data.FullPath), environment) { program = program ?? Program };
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Starts one that need not become ready.</summary>
    public static ServerProcess StartUnready(IReadOnlyDictionary<string, string?>? environment, Func<string, string[]> flags)
    {
        var data = new TemporaryDirectory();
        var server = new ServerProcess(data, flags(data.FullPath), environment);
        server.Start();
        return server;
    }

    /// <summary>Waits for the end and returns the exit code.</summary>
    public Task<int> WaitForExitAsync() => process.WaitForExitAsync();

    /// <summary>Starts the server again, over the same data and on the same ports.</summary>
    public async Task StartAgainAsync()
    {
        Start();
        await process.WaitForOutputAsync(output => Ready().IsMatch(output), "a line that begins with 'ready'");
        Match ready = Ready().Match(process.Output);
        GrpcAddress = ready.Groups["grpc"].Value;
        HttpAddress = ready.Groups["http"].Value;
        WorkerAddress = ready.Groups["workers"].Value;
        if (Array.IndexOf(flags, "--worker-listen") is var flag and >= 0)
            flags[flag + 1] = WorkerAddress;
    }

    private void Start() =>
        process = ChildProcess.Start(
            program,
            ["serve", "--data", data.FullPath, "--grpc", GrpcAddress, "--http", HttpAddress, .. flags.Contains("--max-size") ? Array.Empty<string>() : ["--max-size", "4GiB"], .. flags], environment: environment);

    /// <summary>Stops the server and starts it with other flags, over the same data and on the same ports.</summary>
    public async Task RestartAsync(params string[] newFlags)
    {
        await StopAsync();
        flags = newFlags;
        await StartAgainAsync();
    }

    /// <summary>Kills the server: it gets no chance to write anything.</summary>
    public async Task KillAsync()
    {
        await process.SignalAsync("KILL");
        await process.WaitForExitAsync();
    }

    /// <summary>Waits until what it printed fulfils a condition.</summary>
    public Task WaitForOutputAsync(Func<string, bool> condition, string what) => process.WaitForOutputAsync(condition, what);

    /// <summary>Lets the server hang: it answers nothing, and its connections stay open.</summary>
    public Task FreezeAsync() => process.SignalAsync("STOP");

    /// <summary>Lets a server go on that hangs.</summary>
    public Task ThawAsync() => process.SignalAsync("CONT");

    /// <summary>Asks the server to stop and returns its exit code.</summary>
    public async Task<int> StopAsync()
    {
        await process.SignalAsync("TERM");
        return await process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await process.DisposeAsync();
        data.Dispose();
    }

    [GeneratedRegex(@"^ready: gRPC on (?<grpc>[^,;]+), HTTP cache on (?<http>[^,;]+)(, workers on (?<workers>[^,;]+))?[;,]", RegexOptions.Multiline)]
    private static partial Regex Ready();
}
