using System.Text.RegularExpressions;
using RemoteExec.EndToEnd.Tests.Bazel;


namespace RemoteExec.EndToEnd.Tests.Workers;

/// <summary>
/// Machines with a network between them, as docs/worker.md tells to make them out of network namespaces, and the commands that it has for them. Directories that
/// the document names are replaced by those of the test, and the names of the machines by some that nobody else has.
/// </summary>
internal sealed partial class Hosts : IAsyncDisposable
{
    private readonly string prefix = $"rx{Environment.ProcessId}-";
    private readonly TemporaryDirectory files = new();
    private readonly string document = File.ReadAllText(Repository.Path("docs", "worker.md"));

    private Hosts()
    {
    }

    /// <summary>What lets a command run on the machine of the server.</summary>
    public string[] OnServer => On("server");

    /// <summary>What lets a command run on a machine: <c>server</c>, which the others reach as 10.77.0.1, <c>w1</c> or <c>w2</c>.</summary>
    public string[] On(string host) => ["ip", "netns", "exec", prefix + host];

    /// <summary>Makes them; skips the test where that is not permitted.</summary>
    public static async Task<Hosts> StartAsync()
    {
        Requires.Program("ip", "iproute2");
        Requires.Program("openssl", "openssl");
        var hosts = new Hosts();
        Directory.CreateDirectory(hosts.files["etc"]);
        await using (ChildProcess probe = ChildProcess.Start("unshare", ["--net", "--mount", "true"]))
            Requires.True(await probe.WaitForExitAsync() == 0, "network namespaces can't be made here: that takes root");
        try
        {
            await RunAsync(hosts.BlockOf("hosts"));
            return hosts;
        }
        catch
        {
            await hosts.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the server as the document tells, and waits until it is up.</summary>
    public async Task<ChildProcess> StartServerAsync(IReadOnlyDictionary<string, string?> environment)
    {
        string[] lines = BlockOf("server").Trim().Split('\n');
        await RunAsync(string.Join('\n', lines[..^1]));
        File.Copy(files["etc", "worker-tokens"], files["etc", "worker-token"]);
        ChildProcess server = StartAt("server", lines[^1], environment);
        await server.WaitForOutputAsync(output => output.Contains("\nready: ", StringComparison.Ordinal), "ready");
        return server;
    }

    /// <summary>Starts a worker as the document tells, on one of the machines <c>w1</c> and <c>w2</c>.</summary>
    public async Task<ChildProcess> StartWorkerAsync(string host)
    {
        ChildProcess worker = StartAt(host, BlockOf("worker").Trim(), new Dictionary<string, string?> { ["REMOTEEXEC_WORKER__NAME"] = host, ["REMOTEEXEC_DATA"] = null });
        await worker.WaitForOutputAsync(output => output.Contains($"started: worker '{host}' runs ", StringComparison.Ordinal), "started");
        return worker;
    }

    /// <summary>Cuts the link of a worker's machine.</summary>
    public Task CutAsync(string host) => RunAsync(LinkLine(0, host));

    /// <summary>Mends it.</summary>
    public Task MendAsync(string host) => RunAsync(LinkLine(1, host));

    /// <summary>True if a process is one of those that a worker has started, and so is on its machine.</summary>
    public static bool RunsAt(int process, int worker)
    {
        for (int id = process; id > 1; id = Processes.ParentOf(id))
        {
            if (id == worker)
                return true;
        }

        return false;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (string host in new[] { "server", "w1", "w2" })
        {
            await using ChildProcess removal = ChildProcess.Start("ip", ["netns", "delete", prefix + host]);
            await removal.WaitForExitAsync();
        }

        files.Dispose();
    }

    private static async Task RunAsync(string script)
    {
        await using ChildProcess shell = ChildProcess.Start("bash", ["-euo", "pipefail", "-c", script]);
        Assert.True(await shell.WaitForExitAsync() == 0, $"{script}:\n{shell.Output}");
    }

    private ChildProcess StartAt(string host, string command, IReadOnlyDictionary<string, string?> environment) => ChildProcess.Start(
        "ip", ["netns", "exec", prefix + host, "sh", "-c", $"exec {command.Replace("/remoteexec-worker", $"/{host}", StringComparison.Ordinal)}"], environment: environment);

    private string LinkLine(int number, string host) => BlockOf("link").Trim().Split('\n')[number].Replace("to-w1", $"to-{host}", StringComparison.Ordinal);

    private string BlockOf(string kind) => Block().Matches(document).Single(block => block.Groups["kind"].Value == kind).Groups["lines"].Value
        .Replace("rx-", prefix, StringComparison.Ordinal)
        .Replace("/etc/remoteexec", files["etc"], StringComparison.Ordinal)
        .Replace("/var/lib", files.FullPath, StringComparison.Ordinal)
        .Replace("remoteexec serve", $"{ServerProcess.Program} serve", StringComparison.Ordinal)
        .Replace("remoteexec worker", $"{ServerProcess.Program} worker", StringComparison.Ordinal);

    [GeneratedRegex("^```sh (?<kind>[a-z]+)\n(?<lines>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();
}
