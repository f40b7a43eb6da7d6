using Google.Protobuf;
using RemoteExec.EndToEnd.Tests.Workers;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Telemetry;

/// <summary>What real servers and a real worker send to a collector.</summary>
public sealed class TraceTests
{
    private const string Execute = "build.bazel.remote.execution.v2.Execution/Execute";

    [Fact]
    public async Task An_action_is_one_trace_through_front_end_scheduler_worker_and_storage_node()
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();
        using var data = new TemporaryDirectory();
        string[] telemetry = ["--set", $"telemetry.otlp={{ endpoint: '{receiver.Url}', protocol: http }}", "--set", "telemetry.traces.ratio=1"];
        Dictionary<string, string?> quick = new() { ["OTEL_BSP_SCHEDULE_DELAY"] = "100" };
        await using ServerProcess node = await ServerProcess.StartAsync(quick, _ => ["--workers", "0", .. telemetry]);
        await using ServerProcess front = await ServerProcess.StartAsync(
            quick, _ => ["--workers", "0", "--worker-listen", "127.0.0.1:0", "--set", $"cas.store={{ remote: {{ url: 'grpc://{node.GrpcAddress}' }} }}", .. telemetry]);
        await using ChildProcess worker = ChildProcess.Start(
            ServerProcess.Program, ["worker", "--server", $"grpc://{front.WorkerAddress}", "--data", data.FullPath, "--slots", "1", .. telemetry], environment: quick);
        const string TraceId = "0af7651916cd43dd8448eb211c80319c";
        var metadata = new Reapi.RequestMetadata { ToolInvocationId = "one-build", ActionMnemonic = "Test", ToolDetails = new Reapi.ToolDetails { ToolName = "test" } };
        await using var channel = new RpcChannel(RpcAddress.Parse(front.GrpcAddress), new RpcChannelOptions
        {
            Headers = new RpcMetadata { { "traceparent", $"00-{TraceId}-b7ad6b7169203331-01" }, { RequestMetadataHeader.Name, Convert.ToBase64String(metadata.ToByteArray()) } },
        });

        await ShellActions.ExecuteAsync(channel, "echo traced").LastAsync(TestContext.Current.CancellationToken);

        OtlpSpan execute = await receiver.WaitForAsync(span => span is { Name: Execute });
        OtlpSpan queued = await receiver.WaitForAsync(span => span is { Name: "queue" });
        OtlpSpan action = await receiver.WaitForAsync(span => span is { Name: "action" });
        Assert.Equal((TraceId, "b7ad6b7169203331", "remoteexec"), (execute.TraceId, execute.ParentId, execute.Service));
        Assert.Equal(("one-build", "Test", "test", "OK"), (execute.Attributes["remoteexec.invocation.id"], execute.Attributes["remoteexec.action.mnemonic"], execute.Attributes["remoteexec.tool.name"], execute.Attributes["rpc.response.status_code"]));
        Assert.Equal((TraceId, execute.SpanId, "remoteexec"), (queued.TraceId, queued.ParentId, queued.Service));
        Assert.Equal((TraceId, execute.SpanId, "remoteexec-worker"), (action.TraceId, action.ParentId, action.Service));
        foreach (string phase in (string[])["fetch", "run", "upload"])
            Assert.Equal(action.SpanId, (await receiver.WaitForAsync(span => span.Name == phase)).ParentId);

        // The worker's upload of what the action wrote: below its own span, by the front end, at the node.
        OtlpSpan asked = await receiver.WaitForAsync(span => span.Service == "remoteexec-worker" && span.ParentId == action.SpanId && span.Name.Contains("/", StringComparison.Ordinal));
        OtlpSpan answered = await receiver.WaitForAsync(span => span.ParentId == asked.SpanId);
        OtlpSpan carriedOn = await receiver.WaitForAsync(span => span.ParentId == answered.SpanId);
        OtlpSpan atNode = await receiver.WaitForAsync(span => span.ParentId == carriedOn.SpanId);
        Assert.All((OtlpSpan[])[asked, answered, carriedOn, atNode], span => Assert.Equal(TraceId, span.TraceId));
        Assert.Equal(asked.Name, answered.Name);
        Assert.Equal("remoteexec", atNode.Service);
        Assert.DoesNotContain(receiver.Spans, span => span.Name.EndsWith("/Synchronize", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nothing_is_traced_by_default_and_metrics_are_sent_at_the_end()
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();
        Dictionary<string, string?> variables = new() { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.Url, ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf" };
        await using ServerProcess server = await ServerProcess.StartAsync(variables, _ => ["--workers", "1"]);
        await using var channel = new RpcChannel(RpcAddress.Parse(server.GrpcAddress), new RpcChannelOptions { Headers = new RpcMetadata { { "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" } } });
        await ShellActions.ExecuteAsync(channel, "true").LastAsync(TestContext.Current.CancellationToken);

        await server.StopAsync();

        Assert.Equal(1, receiver.MetricsCount);
        Assert.Empty(receiver.Spans);
    }
}
