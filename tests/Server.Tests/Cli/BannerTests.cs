using RemoteExec.Server.Cli;
using RemoteExec.Server.Hosting;

namespace RemoteExec.Server.Tests.Cli;

public sealed class BannerTests
{
    [Fact]
    public async Task The_banner_has_lines_to_paste_with_the_real_addresses_and_ends_ready()
    {
        using var data = new TemporaryDirectory();
        await using RunningServer server = await TestServers.StartAsync(data, "worker.slots=2");
        using var output = new StringWriter();

        Banner.Write(server, new Terminal(output, TextWriter.Null, colourOutput: false, colourError: false));

        string[] lines = output.ToString().TrimEnd('\n').Split('\n');
        ListenAddress grpc = server.Listeners.Single(listener => listener.Kind == ListenerKind.Grpc).Address;
        ListenAddress http = server.Listeners.Single(listener => listener.Kind == ListenerKind.Http).Address;
        Assert.NotEqual(0, grpc.EndPoint!.Port);
        Assert.Contains($"build:cache --remote_cache=grpc://{grpc}", lines);
        Assert.Contains($"build:remote --remote_executor=grpc://{grpc}", lines);
        Assert.Contains($"build:http-cache --remote_cache=http://{http}", lines);
        Assert.Contains($"remote_store_address = \"grpc://{grpc}\"", lines);
        Assert.Equal($"ready: gRPC on {grpc}, HTTP cache on {http}; 2 workers; data in {data.FullPath}", lines[^1]);
    }

    [Fact]
    public async Task A_cache_only_server_does_not_promise_execution()
    {
        using var data = new TemporaryDirectory();
        await using RunningServer server = await TestServers.StartAsync(data);
        using var output = new StringWriter();

        Banner.Write(server, new Terminal(output, TextWriter.Null, colourOutput: false, colourError: false));

        Assert.DoesNotContain("--remote_executor", output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("remote_execution", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("; no worker here;", output.ToString(), StringComparison.Ordinal);
    }
}
