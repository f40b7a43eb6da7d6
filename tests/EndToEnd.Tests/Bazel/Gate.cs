using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.EndToEnd.Tests.Bazel;

/// <summary>
/// Holds actions at a point of their commands until the test lets them go on, and knows which have come there. It is a directory that actions may look into,
/// in whatever sandbox; they are found among the machine's processes.
/// </summary>
internal sealed class Gate : IAsyncDisposable
{
    private static readonly string gates = $"/var/tmp/remoteexec-gates-{Environment.ProcessId}";

    private readonly string open = Path.Combine(gates, Guid.NewGuid().ToString("N"));
    private readonly ConcurrentDictionary<int, bool> come = [];
    private readonly CancellationTokenSource watched = new();
    private readonly Task watching;

    public Gate() => watching = Task.Run(WatchAsync);

    /// <summary>What a genrule executes to wait at the gate.</summary>
    public string Command => $"while [ ! -e {open} ]; do sleep 0.05; done";

    public void Open() => File.WriteAllText(open, "");

    /// <summary>Waits until as many actions have come to the gate since it was made; returns the ids of their processes.</summary>
    public async Task<int[]> WaitForAsync(int actions)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        while (come.Count < actions)
            await Task.Delay(TimeSpan.FromMilliseconds(20), limit.Token);
        return [.. come.Keys.Order()];
    }

    public async ValueTask DisposeAsync()
    {
        await watched.CancelAsync();
        await watching;
        watched.Dispose();
        File.Delete(open);
    }

    // Before any server starts: what actions see of the machine is what they see everywhere, and the gates.
    [ModuleInitializer]
    internal static void LetActionsSeeGates()
    {
        Directory.CreateDirectory(gates);
        Environment.SetEnvironmentVariable("REMOTEEXEC_WORKER__SANDBOX__HOSTPATHS", $"[{string.Join(", ", new SandboxOptions().HostPaths.Append(gates).Select(path => $"'{path}'"))}]");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(gates, recursive: true);
    }

    private async Task WatchAsync()
    {
        while (!watched.IsCancellationRequested)
        {
            // The shell that waits, not what it starts, which is a copy of it at first.
            Dictionary<int, int> found = Processes.WithArgument(open);
            foreach (int shell in found.Where(process => !found.ContainsKey(process.Value)).Select(process => process.Key))
                come[shell] = true;
            await Task.Delay(TimeSpan.FromMilliseconds(10), watched.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
