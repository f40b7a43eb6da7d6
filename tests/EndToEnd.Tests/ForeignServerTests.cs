using System.Net.Sockets;
using System.Text.Json;

namespace RemoteExec.EndToEnd.Tests;

/// <summary>What people use against any server does its work against one that others made: BuildStream's, which has blobs, and neither results nor trees.</summary>
public sealed class ForeignServerTests : IAsyncLifetime
{
    private const string Start = "import sys; from buildstream._artifactcache.casserver import server_main; server_main()";
    private readonly TemporaryDirectory directory = new();
    private ChildProcess? server;
    private string address = "";

    public async ValueTask InitializeAsync()
    {
        Requires.Program("bst", "buildstream");
        int port = FreePorts.First(1);
        address = $"grpc://127.0.0.1:{port}";
        server = ChildProcess.Start("/usr/bin/python3", ["-c", Start, "--port", $"{port}", "--enable-push", directory["blobs"]]);
        while (!server.HasExited)
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync("127.0.0.1", port, TestContext.Current.CancellationToken);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(50, TestContext.Current.CancellationToken);
            }
        }

        Assert.Fail(server.Output);
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
            await server.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task Conform_tells_what_it_keeps_what_it_breaks_and_what_it_does_not_have()
    {
        (int code, string output) = await RunAsync("conform", address, "--json");

        Assert.Equal(1, code);
        ILookup<string, string> verdicts = Parse(output).RootElement.GetProperty("checks").EnumerateArray()
            .ToLookup(check => check.GetProperty("rule").GetString()!, check => check.GetProperty("verdict").GetString()!);
        Assert.All(["CAP-02", "CAS-04", "BSR-01", "BSR-08", "BSW-06", "BSW-12"], rule => Assert.Equal(["pass"], verdicts[rule].Distinct()));
        Assert.Contains("fail", verdicts["DIG-03"]); // it does not know the empty blob
        Assert.Contains("fail", verdicts["BSR-03"]); // nor limits of reads
        Assert.All(["CAS-20", "CAS-22", "BSQ-01", "AC-01", "AC-11"], rule => Assert.Equal(["notOffered"], verdicts[rule].Distinct()));
    }

    [Fact]
    public async Task Bench_measures_the_mixes_that_it_has_the_methods_for()
    {
        (int code, string output) = await RunAsync("bench", address, "--mix", "all", "--count", "3", "--concurrency", "2", "--warm-up", "0s", "--json");

        Assert.Equal(0, code);
        Dictionary<string, JsonElement> mixes = Parse(output).RootElement.GetProperty("mixes").EnumerateArray().ToDictionary(mix => mix.GetProperty("name").GetString()!);
        Assert.DoesNotContain("get-action-result", mixes.Keys);
        Assert.All(["find-missing-100", "batch-read-100x1k", "batch-update-100x1k", "read-1m", "write-1m"], mix => Assert.Equal(3, mixes[mix].GetProperty("calls").GetInt32()));
    }

    [Fact]
    public async Task A_directory_goes_there_and_back()
    {
        Directory.CreateDirectory(directory["from", "docs"]);
        File.WriteAllText(directory["from", "docs", "a.txt"], "a");
        File.WriteAllBytes(directory["from", "nothing"], []);
        byte[] large = new byte[9 << 20];
        Random.Shared.NextBytes(large);
        File.WriteAllBytes(directory["from", "large"], large);

        (int pushed, string digest) = await RunAsync("push", directory["from"], "--server", address);
        (int pulled, string said) = await RunAsync("pull", digest.TrimEnd('\n').Split('\n')[^1], directory["to"], "--server", address);

        Assert.True((pushed, pulled) == (0, 0), digest + said);
        Assert.Equal("a", File.ReadAllText(directory["to", "docs", "a.txt"]));
        Assert.Equal([], File.ReadAllBytes(directory["to", "nothing"]));
        Assert.Equal(large, File.ReadAllBytes(directory["to", "large"]));
    }

    // Without what is said on standard error before.
    private static JsonDocument Parse(string output) => JsonDocument.Parse(output[output.IndexOf('{', StringComparison.Ordinal)..(output.LastIndexOf('}') + 1)]);

    private async Task<(int Code, string Output)> RunAsync(params string[] arguments)
    {
        await using ChildProcess process = ChildProcess.Start(
            ServerProcess.Program, arguments, directory["."], new Dictionary<string, string?> { ["XDG_CACHE_HOME"] = directory["cache"], ["XDG_CONFIG_HOME"] = directory["config"] });
        int code = await process.WaitForExitAsync();
        return (code, process.Output);
    }
}
