using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Worker.Machine;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Tests.Sandbox;

/// <summary>A command that was killed as memory was short is told from others that end. The kernel's count is a file that the command writes.</summary>
public sealed class OutOfMemoryTests : IDisposable
{
    private readonly TempDirectory temp = new();

    public void Dispose() => temp.Dispose();

    [Theory]
    [InlineData("RISE; kill -KILL $$", 60, true)]
    [InlineData("(RISE; kill -KILL $BASHPID); exit $?", 60, true)] // a shell hands on how its child ended
    [InlineData("kill -KILL $$", 60, false)]
    [InlineData("RISE", 60, false)]
    [InlineData("RISE; exit 1", 60, false)]
    [InlineData("RISE; kill -TERM $$", 60, false)]
    [InlineData("RISE; sleep 987", 0.3, false)] // killed, but by the worker
    public async Task Only_a_kill_that_the_kernel_counted_is_one(string script, double seconds, bool expected)
    {
        string count = Path.Combine(temp.Path, "proc", "vmstat");
        Directory.CreateDirectory(Path.GetDirectoryName(count)!);
        await File.WriteAllTextAsync(count, "oom_kill 3\n", TestContext.Current.CancellationToken);
        await using ScratchDirectory scratch = await ScratchDirectory.OpenAsync(Path.Combine(temp.Path, "scratch"), NullLogger.Instance);
        await using ActionDirectory directory = scratch.MakeActionDirectory(null);
        var sandbox = new DirectorySandbox(TimeProvider.System, new MemoryKills(temp.Path));
        var command = new SandboxCommand
        {
            Arguments = ["/bin/bash", "-c", script.Replace("RISE", $"echo oom_kill 4 > {count}", StringComparison.Ordinal)],
            Environment = new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin" },
            Directory = directory,
            Timeout = TimeSpan.FromSeconds(seconds),
        };

        SandboxOutcome outcome = await sandbox.RunAsync(command, TestContext.Current.CancellationToken);

        Assert.Equal(expected, outcome.OutOfMemory);
    }
}
