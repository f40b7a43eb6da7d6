using System.Globalization;
using RemoteExec.EndToEnd.Tests.Bazel;
using RemoteExec.EndToEnd.Tests.Workers;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Sandbox;

/// <summary>The real server is killed while an action runs: nothing of the action outlives it, and the next start finds a clean place.</summary>
public sealed class CrashTests
{
    [Theory]
    [InlineData("directory")]
    [InlineData("namespaces")]
    [InlineData("cached-trees")]
    [InlineData("namespaces", false)] // by bwrap
    public async Task Nothing_of_an_action_is_left_after_its_worker_was_killed(string tier, bool hasLauncher = true)
    {
        if (!hasLauncher)
            Requires.Program("bwrap", "bubblewrap");
        Requires.True(Environment.IsPrivilegedProcess, "needs root, for sandboxes with users of their own");
        string seconds = Random.Shared.Next(100_000_000, 1_000_000_000).ToString(CultureInfo.InvariantCulture);
        using var directory = new TemporaryDirectory();
        File.SetUnixFileMode(directory.FullPath, (UnixFileMode)0x1ED); // 0755: actions go below
        string scratch = directory["scratch"];
        using var build = new TemporaryDirectory();
        await using ServerProcess server = await ServerProcess.StartAsync(
            null,
            _ => ["--workers", "2", "--set", $"worker.sandbox.tier={tier}", "--set", $"worker.scratch={scratch}"],
            hasLauncher ? null : await NoLauncher.CopyAsync(build.FullPath));
        await using (var channel = new RpcChannel(RpcAddress.Parse(server.GrpcAddress)))
        {
            Task running = ShellActions.RunAsync(channel, $"echo x > file; (setsid sleep {seconds} &); sleep {seconds}");
            await UntilAsync(() => Processes.WithArgument($"sleep\0{seconds}").Count >= 2);
            await server.KillAsync();
            await running.ContinueWith(_ => { }, TaskScheduler.Default);
        }

        // In namespaces, because they end with the worker; otherwise the next worker sees to it.
        if (tier != "directory")
            await UntilAsync(() => Processes.WithArgument(seconds).Count == 0);
        await server.StartAgainAsync();
        await UntilAsync(() => Processes.WithArgument(seconds).Count == 0);
        await using (var channel = new RpcChannel(RpcAddress.Parse(server.GrpcAddress)))
            Assert.Equal(7, (await ShellActions.RunAsync(channel, "exit 7")).Result.ExitCode);
        await UntilAsync(() => !Directory.EnumerateFileSystemEntries(Path.Combine(scratch, "actions")).Any() && !Directory.EnumerateFileSystemEntries(Path.Combine(scratch, "trash")).Any());
        Assert.Equal(0, await server.StopAsync());
        Assert.DoesNotContain(File.ReadLines("/proc/mounts"), line => line.Contains(scratch, StringComparison.Ordinal));
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        while (!condition())
            await Task.Delay(TimeSpan.FromMilliseconds(20), limit.Token);
    }
}
