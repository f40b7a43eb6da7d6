using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Worker.Tests.Disk;

namespace RemoteExec.Worker.Tests.Escapes;

/// <summary>
/// Actions that try to get out, one attempt in each tier. Whatever the tier: the next action finds all inputs as they are in the CAS, nothing that was started lives on, nothing is left on
/// disk, and the worker goes on. <c>./dev escapes</c> makes a table of it.
/// </summary>
public sealed class EscapeTests : IDisposable
{
    private const int MaxLogBytes = 1024 * 1024, SmallBytes = 64 * 1024 * 1024;
    private const string Mapped = ", as the worker's own user", ByBubblewrap = ", by bwrap";
    private static readonly string[] tiers = ["directory", "namespaces", "cached-trees", $"namespaces{Mapped}", $"cached-trees{Mapped}", $"namespaces{ByBubblewrap}"];
    private static readonly Dictionary<string, string> inputs = new() { ["f"] = "content\n", ["d/g"] = "more\n", ["d/e/h"] = "deep\n" };
    private readonly string test = Random.Shared.Next(100_000_000, 1_000_000_000).ToString(CultureInfo.InvariantCulture); // also how long processes sleep
    private readonly TempDirectory host = new();
    private readonly TcpListener tcp = new(IPAddress.Loopback, 0);
    private readonly Socket local = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public EscapeTests()
    {
        tcp.Start();
        local.Bind(new UnixDomainSocketEndPoint($"\0remoteexec-escape-{test}"));
        local.Listen();
        File.WriteAllText(Path.Combine(host.Path, "secret"), "secret");
        File.SetUnixFileMode(Path.Combine(host.Path, "secret"), (UnixFileMode)0x1A4); // 0644
    }

    public static TheoryData<Attempt> Attempts => [.. Attempt.All];

    private string Mark => $"/var/tmp/remoteexec-escape-{test}";

    [Theory]
    [MemberData(nameof(Attempts))]
    public async Task What_is_held_is_held_and_nothing_is_ever_spoiled(Attempt attempt)
    {
        Needs.ActionUsers();
        RemoteExec.TestKit.Requires.Program("bwrap", "bubblewrap");
        var held = new Dictionary<string, bool>();
        foreach (string tier in tiers)
            held[tier] = await TryAsync(attempt, tier);

        Assert.Equal(tiers.ToDictionary(tier => tier, tier => tier != "directory" || attempt.HeldByDirectory), held);
        if (Environment.GetEnvironmentVariable("REMOTEEXEC_ESCAPE_REPORT") is { Length: > 0 } report)
            await File.AppendAllTextAsync(report, $"| {attempt.Name} | {string.Join(" | ", tiers.Select(tier => held[tier] ? "held" : "**not held**"))} |\n", TestContext.Current.CancellationToken);
    }

    public void Dispose()
    {
        local.Dispose();
        tcp.Dispose();
        host.Dispose();
        File.Delete(Mark);
        foreach (string left in Directory.GetFiles("/tmp", $"left-{test}").Concat(Directory.GetFiles("/dev/shm", $"left-{test}")))
            File.Delete(left);
    }

    private async Task<bool> TryAsync(Attempt attempt, string tier)
    {
        await using SmallDisk? disk = attempt.OnSmallDisk ? await SmallDisk.MountAsync(SmallBytes) : null;
        await using ActionFixture worker = await ActionFixture.MakeAsync(
            options => options with
            {
                MaxLogBytes = MaxLogBytes,
                MaxOutputBytes = 100_000_000,
                Sandbox = options.Sandbox with
                {
                    PrefersUserNamespaces = tier.EndsWith(Mapped, StringComparison.Ordinal),
                    PrefersBubblewrap = tier.EndsWith(ByBubblewrap, StringComparison.Ordinal),
                },
            },
            separateUsers: tier == "directory" ? true : null,
            tier: tier.Split(',')[0],
            place: disk is null ? null : Path.Combine(disk.Path, "worker"));
        string found = await RunAsync(worker, attempt.Script.Replace("SLEEP", $"sleep {test}", StringComparison.Ordinal));
        found += await RunAsync(worker, attempt.Script.Replace("SLEEP", $"sleep {test}", StringComparison.Ordinal)); // what the first has left may help the second

        Assert.Equal(Healthy, await RunAsync(worker, "cat f d/g d/e/h; ./tool; stat -c %a f d/g tool"));
        AssertNothingRuns();
        await worker.AssertAllIsDeletedAsync();
        bool isMarked = File.Exists(Mark);
        File.Delete(Mark);
        return !found.Contains("ESCAPED", StringComparison.Ordinal) && !isMarked;
    }

    private const string Healthy = "content\nmore\ndeep\ntool\n444\n444\n555\n";

    private async Task<string> RunAsync(ActionFixture worker, string script)
    {
        foreach ((string path, string content) in inputs)
            await worker.AddFileAsync(path, content);
        await worker.AddFileAsync("tool", "#!/bin/sh\necho tool\n", executable: true);
        var command = new Reapi.Command { Arguments = { "/bin/bash", "-c", script }, OutputPaths = { "out", "out2", "out3" } };
        foreach ((string name, string value) in new Dictionary<string, string>
        {
            ["PATH"] = "/usr/bin:/bin:/usr/sbin:/sbin",
            ["SECRET"] = Path.Combine(host.Path, "secret"),
            ["SCRATCH"] = worker.Options.ScratchDirectory,
            ["MARK"] = Mark,
            ["WORKER"] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
            ["PORT"] = ((IPEndPoint)tcp.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture),
            ["ABSTRACT"] = $"remoteexec-escape-{test}",
            ["TEST"] = test,
        })
        {
            command.EnvironmentVariables.Add(new Reapi.Command.Types.EnvironmentVariable { Name = name, Value = value });
        }

        ExecutionOutcome outcome = await worker.RunAsync(command, TimeSpan.FromSeconds(30));
        if (outcome.Response.Status is { Code: 8 })
        {
            await worker.AssertAllIsDeletedAsync();
            return "";
        }

        Assert.True(outcome.Response.Status is null or { Code: 0 or 4 or 9 }, outcome.Response.Status?.Message);
        await AssertOutputsAreItsOwnAsync(worker, outcome.Response.Result);
        byte[] log = await worker.ReadBytesAsync(outcome.Response.Result.StdoutDigest);
        Assert.InRange(log.Length, 0, MaxLogBytes);
        return Encoding.UTF8.GetString(log);
    }

    private static async Task AssertOutputsAreItsOwnAsync(ActionFixture worker, Reapi.ActionResult result)
    {
        Assert.Empty(result.OutputFiles);
        Assert.Empty(result.OutputDirectories);
        Digest secret = ActionFixture.Anchor.SiblingOf("secret"u8);
        Assert.Single(await worker.Cas.FindMissingAsync([secret], CancellationToken.None));
    }

    private void AssertNothingRuns() => Assert.DoesNotContain(Directory.EnumerateDirectories("/proc"), process =>
    {
        try
        {
            return int.TryParse(Path.GetFileName(process), out _) && File.ReadAllText($"{process}/cmdline").Contains($"sleep\0{test}", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false; // it has ended
        }
    });
}
