using System.Globalization;
using Google.Protobuf;
using RemoteExec.EndToEnd.Tests.Workers;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Telemetry;

/// <summary>A known workload, and what <c>/metrics</c> of a real server says of it: exactly that.</summary>
public sealed class CountedMetricsTests
{
    private const string Service = "build.bazel.remote.execution.v2";
    private const int Uploads = 7, Hits = 5, Misses = 3, BlobBytes = 1000;
    private static readonly TimeSpan patience = TimeSpan.FromMinutes(1);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_done_is_what_was_counted()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "1");
        await using var channel = new RpcChannel(RpcAddress.Parse(server.GrpcAddress), new RpcChannelOptions { Headers = new RpcMetadata { { RequestMetadataHeader.Name, Convert.ToBase64String(Metadata().ToByteArray()) } } });
        string before = await ScrapeAsync(server);
        Assert.DoesNotContain("remoteexec_cache_lookups_total", before, StringComparison.Ordinal);

        for (int i = 0; i < Uploads; i++)
            await UploadAsync(channel, TestBlob.Random(i, BlobBytes));
        await StoreResultAsync(channel, 1);
        for (int i = 0; i < Hits; i++)
            await LookUpAsync(channel, 1);
        for (int i = 0; i < Misses; i++)
            await Assert.ThrowsAsync<RpcException>(() => LookUpAsync(channel, 2 + i));
        using (var http = new HttpClient())
            await http.GetAsync(new Uri($"http://{server.HttpAddress}/ac/{new string('a', 64)}"), Token);
        await ShellActions.RunAsync(channel, "true");

        const string Client = "instance_name=\"\",mnemonic=\"Test\",";
        await SeesAsync(server, $"remoteexec_cache_lookups_total{{{Client}result=\"hit\",service=\"ac\",tool=\"bazel\"}} {Hits}");
        await SeesAsync(server, $"remoteexec_cache_lookups_total{{{Client}result=\"miss\",service=\"ac\",tool=\"bazel\"}} {Misses}");
        await SeesAsync(server, "remoteexec_cache_lookups_total{instance_name=\"\",mnemonic=\"\",result=\"miss\",service=\"http\",tool=\"unknown\"} 1");
        await SeesAsync(server, $"remoteexec_cache_stored_total{{{Client}service=\"ac\",tool=\"bazel\"}} 1");
        await SeesAsync(server, Calls("ActionCache/GetActionResult", "OK", Hits));
        await SeesAsync(server, Calls("ActionCache/GetActionResult", "NOT_FOUND", Misses));
        await SeesAsync(server, Calls("ActionCache/UpdateActionResult", "OK", 1));
        await SeesAsync(server, Calls("Execution/Execute", "OK", 1));
        await SeesAsync(server, Calls("ContentAddressableStorage/BatchUpdateBlobs", "OK", Uploads + 1)); // and that of the action
        await SeesAsync(server, "remoteexec_operations_done_total{outcome=\"ok\"} 1");
        await SeesAsync(server, "remoteexec_attempts_total{result=\"done\"} 1");
        await SeesAsync(server, "remoteexec_queue_time_seconds_count 1");
        await SeesAsync(server, "remoteexec_worker_slots 1");
        string text = await ScrapeAsync(server);
        long written = (long)Lines(text, $"remoteexec_cache_io_bytes_total{{direction=\"write\",{Client}service=\"cas\"").Sum();
        Assert.InRange(written, (Uploads * BlobBytes) + 50, (Uploads * BlobBytes) + 500); // and the action with its command
        Assert.Equal(1, Lines(text, "remoteexec_worker_actions_total{end=\"ok\"").Sum());
        foreach (string phase in (string[])["fetch", "run", "upload"])
            Assert.Equal(1, Lines(text, $"remoteexec_worker_phase_duration_seconds_count{{phase=\"{phase}\"").Sum());
    }

    private static string Calls(string method, string code, int count) =>
        $"rpc_server_call_duration_seconds_count{{rpc_method=\"{Service}.{method}\",rpc_response_status_code=\"{code}\",rpc_system_name=\"grpc\"}} {count}";

    private static Reapi.RequestMetadata Metadata() => new() { ToolDetails = new Reapi.ToolDetails { ToolName = "bazel" }, ActionMnemonic = "Test", ToolInvocationId = "build" };

    private static Task UploadAsync(RpcChannel channel, TestBlob blob) => channel.UnaryAsync<Reapi.BatchUpdateBlobsRequest, Reapi.BatchUpdateBlobsResponse>(
        $"/{Service}.ContentAddressableStorage/BatchUpdateBlobs",
        new Reapi.BatchUpdateBlobsRequest { Requests = { new Reapi.BatchUpdateBlobsRequest.Types.Request { Digest = blob.Digest.ToProto(), Data = ByteString.CopyFrom(blob.Content) } } }, Token);

    private static Task StoreResultAsync(RpcChannel channel, int action) => channel.UnaryAsync<Reapi.UpdateActionResultRequest, Reapi.ActionResult>(
        $"/{Service}.ActionCache/UpdateActionResult", new Reapi.UpdateActionResultRequest { ActionDigest = DigestOf(action), ActionResult = new Reapi.ActionResult { StdoutRaw = ByteString.CopyFromUtf8("said") } }, Token);

    private static Task LookUpAsync(RpcChannel channel, int action) => channel.UnaryAsync<Reapi.GetActionResultRequest, Reapi.ActionResult>(
        $"/{Service}.ActionCache/GetActionResult", new Reapi.GetActionResultRequest { ActionDigest = DigestOf(action) }, Token);

    private static Reapi.Digest DigestOf(int action) => TestBlob.Of(BitConverter.GetBytes(action)).Digest.ToProto();

    private static async Task<string> ScrapeAsync(ServerProcess server)
    {
        using var client = new HttpClient();
        return await client.GetStringAsync(new Uri($"http://{server.HttpAddress}/metrics"), Token);
    }

    // A client has its answer a moment before the call is counted.
    private static async Task SeesAsync(ServerProcess server, string line)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(patience);
        while (await ScrapeAsync(server) is var text && !text.Contains($"\n{line}\n", StringComparison.Ordinal))
            Assert.False(limit.IsCancellationRequested, $"there is no\n{line}\nbut\n{string.Join('\n', text.Split('\n').Where(other => other.StartsWith(line.Split('{', ' ')[0], StringComparison.Ordinal)))}");
    }

    private static double[] Lines(string text, string start) =>
        [.. text.Split('\n').Where(line => line.StartsWith(start, StringComparison.Ordinal)).Select(line => double.Parse(line.Split(' ')[^1], CultureInfo.InvariantCulture))];
}
