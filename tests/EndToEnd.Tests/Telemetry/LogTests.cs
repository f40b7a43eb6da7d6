using System.Text.Json.Nodes;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Telemetry;

/// <summary>What the log of a real server looks like, which goes into a pipe here.</summary>
public sealed class LogTests
{
    private const string TraceId = "0af7651916cd43dd8448eb211c80319c";

    [Fact]
    public async Task What_is_logged_of_a_traced_call_names_its_trace()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0", "--verbose", "--set", "telemetry.traces.ratio=1");

        await FailAsync(server);
        await server.WaitForOutputAsync(output => output.Contains("ended with NotFound", StringComparison.Ordinal), "the call that failed");

        JsonNode line = JsonNode.Parse(server.Output.Split('\n').Single(line => line.Contains("ended with NotFound", StringComparison.Ordinal)))!;
        JsonNode scope = line["Scopes"]!.AsArray().Single(scope => scope!["TraceId"] is not null)!;
        Assert.Equal(TraceId, (string?)scope["TraceId"]);
        Assert.Equal(16, ((string?)scope["SpanId"])?.Length);
        Assert.Equal("RemoteExec.Rpc", (string?)line["Category"]);
    }

    [Fact]
    public async Task Without_traces_it_names_none()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0", "--verbose");

        await FailAsync(server);
        await server.WaitForOutputAsync(output => output.Contains("ended with NotFound", StringComparison.Ordinal), "the call that failed");

        Assert.DoesNotContain("TraceId", server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lines_for_people_are_written_where_they_are_asked_for()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0", "--verbose", "--set", "log.format=pretty", "--set", "telemetry.traces.ratio=1");

        await FailAsync(server);
        await server.WaitForOutputAsync(output => output.Contains("ended with NotFound", StringComparison.Ordinal), "the call that failed");

        string line = server.Output.Split('\n').Single(line => line.Contains("ended with NotFound", StringComparison.Ordinal));
        Assert.Matches(@"^\d\d:\d\d:\d\d dbug: RemoteExec\.Rpc\[1\]", line);
        Assert.Contains($"TraceId:{TraceId}", line, StringComparison.Ordinal);
    }

    private static async Task FailAsync(ServerProcess server)
    {
        await using var channel = new RpcChannel(RpcAddress.Parse(server.GrpcAddress), new RpcChannelOptions { Headers = new RpcMetadata { { "traceparent", $"00-{TraceId}-b7ad6b7169203331-01" } } });
        await Assert.ThrowsAsync<RpcException>(() => channel.UnaryAsync<Reapi.GetActionResultRequest, Reapi.ActionResult>(
            "/build.bazel.remote.execution.v2.ActionCache/GetActionResult", new Reapi.GetActionResultRequest { ActionDigest = TestBlob.Of([1]).Digest.ToProto() }, TestContext.Current.CancellationToken));
    }
}
