using System.Text.Json;
using RemoteExec.EndToEnd.Tests.Workers;

namespace RemoteExec.EndToEnd.Tests.Deploy;

/// <summary>Machines that deploy one release at the same time, from a server whose blobs are elsewhere.</summary>
public sealed class ManyHostsTests
{
    private const int Files = 300;

    [Fact]
    public async Task Whatever_they_all_want_is_fetched_once_from_the_slow_store_behind_each_shard()
    {
        await using Hosts hosts = await Hosts.StartAsync();
        using var work = new TemporaryDirectory();
        Directory.CreateDirectory(work["app", "lib"]);
        for (int i = 0; i < Files; i++)
            File.WriteAllText(work["app", "lib", $"file{i}"], $"file {i}");
        File.WriteAllBytes(work["app", "large"], TestBlob.Random(1, 3_000_000).Content);
        File.WriteAllText(work["front.yaml"], $$"""
            stores:
              far: { remote: { url: "grpc://127.0.0.1:8980" } }
              one: { fastSlow: { fast: { segments: { path: {{work["one"]}}, maxBytes: 1GiB } }, slow: far } }
              two: { fastSlow: { fast: { segments: { path: {{work["two"]}}, maxBytes: 1GiB } }, slow: far } }
              shards: { shard: { nodes: [ { name: one, store: one }, { name: two, store: two } ] } }
            cas: { store: shards }
            """);
        await using ChildProcess far = await ServeAsync(hosts, "--data", work["far"], "--max-size", "1GiB", "--grpc", "127.0.0.1:8980", "--http", "127.0.0.1:8981");
        string root = JsonDocument.Parse(await RunAsync(hosts, "server", work, "push", work["app"], "--json", "--server", "grpc://127.0.0.1:8980")).RootElement.GetProperty("root").GetString()!;
        await using ChildProcess front = await ServeAsync(
            hosts, "--config", work["front.yaml"], "--data", work["front"], "--grpc", "0.0.0.0:8990", "--http", "127.0.0.1:8991", "--insecure");

        await Task.WhenAll(new[] { "w1", "w2" }.Select(host => RunAsync(hosts, host, work, "deploy", root, work[host], "--server", "grpc://10.77.0.1:8990")));

        foreach (string host in new[] { "w1", "w2" })
            Assert.Equal((Files, 3_000_000), (Directory.GetFiles(work[host, "current", "lib"]).Length, new FileInfo(work[host, "current", "large"]).Length));
        Dictionary<string, long> reads = await ReadsAsync(hosts);
        Assert.Equal(Files + 3, reads["far"]); // the files, and two directories
        Assert.True(reads["one"] > 0 && reads["two"] > 0); // each of the shards has had its part
        Assert.InRange(reads["one"] + reads["two"], (Files + 3) * 2, long.MaxValue);
    }

    private static async Task<ChildProcess> ServeAsync(Hosts hosts, params string[] flags)
    {
        string[] command = [.. hosts.OnServer, ServerProcess.Program, "serve", "--workers", "0", .. flags];
        ChildProcess server = ChildProcess.Start(command[0], command[1..]);
        await server.WaitForOutputAsync(output => output.Contains("\nready: ", StringComparison.Ordinal), "ready");
        return server;
    }

    private static async Task<string> RunAsync(Hosts hosts, string host, TemporaryDirectory work, params string[] arguments)
    {
        string[] command = [.. hosts.On(host), ServerProcess.Program, .. arguments];
        await using ChildProcess process = ChildProcess.Start(command[0], command[1..], environment: new Dictionary<string, string?> { ["XDG_CACHE_HOME"] = work[$"cache-{host}"] });
        Assert.True(await process.WaitForExitAsync() == 0, process.Output);
        return process.Output;
    }

    /// <summary>How many blobs each store has answered with.</summary>
    private static async Task<Dictionary<string, long>> ReadsAsync(Hosts hosts)
    {
        string[] command = [.. hosts.OnServer, "curl", "-sf", "http://127.0.0.1:8991/metrics"];
        await using ChildProcess curl = ChildProcess.Start(command[0], command[1..]);
        Assert.True(await curl.WaitForExitAsync() == 0, curl.Output);
        return curl.Output.Split('\n')
            .Where(line => line.StartsWith("remoteexec_store_reads", StringComparison.Ordinal) && line.Contains("service=\"cas\"", StringComparison.Ordinal) && line.Contains("result=\"hit\"", StringComparison.Ordinal))
            .ToDictionary(line => line.Split("store=\"")[1].Split('"')[0], line => (long)double.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture));
    }
}
