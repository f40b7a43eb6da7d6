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
        Assert.Contains($"build:cache --remote_cache=grpc://{grpc} --config=events", lines);
        Assert.Contains($"build:remote --remote_executor=grpc://{grpc} --config=events", lines);
        Assert.Contains($"build:events --bes_backend=grpc://{grpc} --bes_results_url=http://{http}/console/builds/ --bes_upload_mode=nowait_for_upload_complete", lines);
        Assert.Contains($"build:http-cache --remote_cache=http://{http}", lines);
        Assert.Contains($"remote_store_address = \"grpc://{grpc}\"", lines);
        Assert.Equal($"ready: gRPC on {grpc}, HTTP cache on {http}; up to 2 actions at a time; data in {data.FullPath}", lines[^1]);
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
        Assert.Contains("; cache only;", output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("builds.events=false")]
    [InlineData("builds.maxBytes=0")]
    public async Task Where_no_events_are_taken_no_client_is_told_to_send_them(string setting)
    {
        using var data = new TemporaryDirectory();
        await using RunningServer server = await TestServers.StartAsync(data, setting);
        using var output = new StringWriter();

        Banner.Write(server, new Terminal(output, TextWriter.Null, colourOutput: false, colourError: false));

        Assert.DoesNotContain("events", output.ToString(), StringComparison.Ordinal);
        await using RemoteExec.Rpc.Client.RpcChannel channel = TestServers.Connect(server);
        RemoteExec.Rpc.RpcException refusal = await Assert.ThrowsAsync<RemoteExec.Rpc.RpcException>(() =>
            channel.UnaryAsync<Google.Devtools.Build.V1.PublishLifecycleEventRequest, Google.Protobuf.WellKnownTypes.Empty>(
                "/google.devtools.build.v1.PublishBuildEvent/PublishLifecycleEvent", new Google.Devtools.Build.V1.PublishLifecycleEventRequest(), TestContext.Current.CancellationToken));
        Assert.Equal(RemoteExec.Rpc.StatusCode.Unimplemented, refusal.Code);
    }

    [Fact]
    public async Task A_server_that_waits_for_workers_says_that_it_has_none()
    {
        using var data = new TemporaryDirectory();
        await using RunningServer server = await TestServers.StartAsync(data, "listeners.workers=127.0.0.1:0");
        using var output = new StringWriter();

        Banner.Write(server, new Terminal(output, TextWriter.Null, colourOutput: false, colourError: false));

        Assert.Contains("--remote_executor", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("; no worker here;", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pants_is_told_of_no_UNIX_socket()
    {
        using var data = new TemporaryDirectory();
        await using RunningServer server = await TestServers.StartAsync(data, $"listeners.grpc=unix:{data["grpc.sock"]}");
        using var output = new StringWriter();

        Banner.Write(server, new Terminal(output, TextWriter.Null, colourOutput: false, colourError: false));

        Assert.Contains($"build:cache --remote_cache=unix:{data["grpc.sock"]}\n", output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Pants", output.ToString(), StringComparison.Ordinal);
    }
}
