using System.Globalization;

namespace RemoteExec.TestKit;

/// <summary>Several Redis servers that belong together, as <c>eng/dev/redis.sh</c> makes them, on ports of their own.</summary>
public sealed class RedisDeployment : IAsyncDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly string mode;

    private RedisDeployment(string mode) => this.mode = mode;

    /// <summary>The lowest port.</summary>
    public int BasePort { get; } = FreePorts.First(13, shift: 10_000);

    /// <summary>What clients are told: the servers, or the sentinels.</summary>
    public IReadOnlyList<string> Endpoints => mode switch
    {
        "sentinel" => [.. Enumerable.Range(BasePort + 10, 3).Select(port => $"127.0.0.1:{port}")],
        "cluster" => [.. Enumerable.Range(BasePort, 6).Select(port => $"127.0.0.1:{port}")],
        _ => [$"127.0.0.1:{BasePort}"],
    };

    /// <summary>Starts <c>standalone</c>, <c>cluster</c> or <c>sentinel</c>; all is in sync when this returns.</summary>
    public static async Task<RedisDeployment> StartAsync(string mode)
    {
        Requires.Program("redis-server", "redis-server");
        var deployment = new RedisDeployment(mode);
        await deployment.RunAsync("start");
        return deployment;
    }

    /// <summary>Kills a server with <c>kill -9</c>.</summary>
    public async Task KillAsync(int port)
    {
        string pid = (await File.ReadAllTextAsync(Path.Combine(directory.FullPath, $"{port}.pid"), TestContext.Current.CancellationToken)).Trim();
        await using ChildProcess kill = ChildProcess.Start("kill", ["-9", pid]);
        Assert.Equal(0, await kill.WaitForExitAsync());
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await RunAsync("stop");
        directory.Dispose();
    }

    private async Task RunAsync(string command)
    {
        // Its output goes to a file: servers that stay behind would hold a pipe open.
        string log = Path.Combine(directory.FullPath, "script.log");
        await using ChildProcess script = ChildProcess.Start(
            "bash",
            ["-c", "exec \"$@\" >\"$0\" 2>&1", log, Repository.Path("eng", "dev", "redis.sh"), command, mode, directory.FullPath, BasePort.ToString(CultureInfo.InvariantCulture)]);
        int code = await script.WaitForExitAsync();
        Assert.True(code == 0, await File.ReadAllTextAsync(log));
    }
}
