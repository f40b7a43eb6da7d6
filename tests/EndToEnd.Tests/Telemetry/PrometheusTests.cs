using System.Text.Json.Nodes;
using RemoteExec.EndToEnd.Tests.Workers;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Telemetry;

/// <summary>The real server, and the tools of Prometheus.</summary>
public sealed class PrometheusTests
{
    [Fact]
    public async Task What_is_scraped_is_well_made()
    {
        Requires.Program("promtool", "prometheus");
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "1");
        await ExecuteAsync(server);
        string text = await ScrapeAsync(server.HttpAddress);

        await using ChildProcess promtool = ChildProcess.Start("sh", ["-c", $"curl -fsS http://{server.HttpAddress}/metrics | promtool check metrics"]);
        await promtool.WaitForExitAsync();

        // The names of the framework's instruments are its own: they are parsed as well as ours, and may be called what they are.
        string[] findings = [.. promtool.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.StartsWith("dotnet_", StringComparison.Ordinal))];
        Assert.Empty(findings);
        Assert.Contains("remoteexec_worker_actions_total{end=\"ok\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_real_Prometheus_scrapes_it()
    {
        Requires.Program("prometheus", "prometheus");
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "1", "--set", "telemetry.traces.ratio=1");
        await ExecuteAsync(server);
        using var data = new TemporaryDirectory();
        int port = FreePorts.First(1);
        await using ChildProcess prometheus = await StartAsync(data, port, server.HttpAddress);

        JsonArray found = await QueryAsync(port, "rpc_server_call_duration_seconds_count{rpc_method='build.bazel.remote.execution.v2.Execution/Execute'}", prometheus);

        JsonNode sample = Assert.Single(found)!;
        Assert.Equal("1", (string?)sample["value"]![1]);
        Assert.Equal("OK", (string?)sample["metric"]!["rpc_response_status_code"]);
        Assert.Equal("1", (string?)Assert.Single(await QueryAsync(port, "up", prometheus))!["value"]![1]);
        JsonNode exemplars = Assert.Single(await AskAsync(port, $"query_exemplars?query=rpc_server_call_duration_seconds_bucket{{rpc_method=~'.*/Execute'}}&start=0&end=10000000000", prometheus, answer => answer["data"] as JsonArray))!;
        Assert.Equal(32, ((string)exemplars["exemplars"]![0]!["labels"]!["trace_id"]!).Length);
        Assert.Equal("remoteexec", (string?)Assert.Single(await QueryAsync(port, "target_info", prometheus))!["metric"]!["service_name"]);
    }

    [Fact]
    public async Task A_worker_is_scraped_where_it_is_told_to_be()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0", "--worker-listen", "127.0.0.1:0");
        using var data = new TemporaryDirectory();
        await using ChildProcess worker = ChildProcess.Start(
            ServerProcess.Program, ["worker", "--server", $"grpc://{server.WorkerAddress}", "--data", data.FullPath, "--slots", "1", "--http", "127.0.0.1:0"]);
        await worker.WaitForOutputAsync(output => output.Contains("; metrics on ", StringComparison.Ordinal), "where its metrics are");
        string address = worker.Output.Split("; metrics on ")[1].Split('\n')[0];

        await ExecuteAsync(server);

        string text = await ScrapeAsync(address);
        Assert.Contains("\nremoteexec_worker_actions_total{end=\"ok\"", text, StringComparison.Ordinal);
        Assert.Contains("service_name=\"remoteexec-worker\"", text, StringComparison.Ordinal);
    }

    private static async Task ExecuteAsync(ServerProcess server)
    {
        await using var channel = new RpcChannel(RpcAddress.Parse(server.GrpcAddress));
        await ShellActions.ExecuteAsync(channel, "true").LastAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<string> ScrapeAsync(string address)
    {
        using var client = new HttpClient();
        return await client.GetStringAsync(new Uri($"http://{address}/metrics"), TestContext.Current.CancellationToken);
    }

    private static async Task<ChildProcess> StartAsync(TemporaryDirectory data, int port, string target)
    {
        string config = Path.Combine(data.FullPath, "prometheus.yml");
        await File.WriteAllTextAsync(
            config,
            $"scrape_configs:\n- job_name: remoteexec\n  scrape_interval: 200ms\n  scrape_timeout: 200ms\n  static_configs:\n  - targets: ['{target}']\n",
            TestContext.Current.CancellationToken);
        return ChildProcess.Start(
            "prometheus",
            [$"--config.file={config}", $"--storage.tsdb.path={Path.Combine(data.FullPath, "tsdb")}", $"--web.listen-address=127.0.0.1:{port}", "--enable-feature=exemplar-storage"]);
    }

    // Asks until there is an answer: it scrapes in the background.
    private static Task<JsonArray> QueryAsync(int port, string query, ChildProcess prometheus) =>
        AskAsync(port, $"query?query={Uri.EscapeDataString(query)}", prometheus, answer => answer["data"]!["result"] as JsonArray);

    private static async Task<JsonArray> AskAsync(int port, string question, ChildProcess prometheus, Func<JsonNode, JsonArray?> resultOf)
    {
        using var client = new HttpClient();
        while (true)
        {
            Assert.False(prometheus.HasExited, prometheus.Output);
            try
            {
                string answer = await client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/api/v1/{question}"), TestContext.Current.CancellationToken);
                if (resultOf(JsonNode.Parse(answer)!) is { Count: > 0 } result)
                    return result;
            }
            catch (HttpRequestException)
            {
                // It is not up yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TestContext.Current.CancellationToken);
        }
    }
}
