using Google.Protobuf;
using RemoteExec.EndToEnd.Tests.Cluster;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Telemetry;

/// <summary>What real servers tell of a bucket and of a Redis that they stand on.</summary>
public sealed class BackEndTelemetryTests(BackEnds backEnds)
{
    private const string Service = "build.bazel.remote.execution.v2";
    private const string TraceId = "0af7651916cd43dd8448eb211c80319c";
    private const int Results = 3, HitsOfEach = 2, Misses = 4;
    private static readonly TestBlob blob = TestBlob.Random(1, 5000);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_asked_of_them_is_counted_and_part_of_the_trace_of_the_call()
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();
        string bucket = await backEnds.CreateBucketAsync();
        await using FaultyLink link = backEnds.Connect();
        await using RedisServer redis = await RedisServer.StartAsync();
        Dictionary<string, string?> variables = new(BackEnds.Login) { ["OTEL_BSP_SCHEDULE_DELAY"] = "100" };
        string[] FlagsOf(string data) =>
        [
            "--workers", "0", "--set", $"actionCache.store={{ redis: {{ endpoints: '{redis.Endpoint}' }} }}", "--set", $"telemetry.otlp={{ endpoint: '{receiver.Url}', protocol: http }}",
            "--set", "telemetry.traces.ratio=1", .. BackEnds.NodeFlags(bucket, "node", link, data, ", takeOver: true"),
        ];

        await using (ServerProcess first = await ServerProcess.StartAsync(variables, FlagsOf))
        {
            await using RpcChannel channel = Connect(first);
            await UploadAsync(channel);
            for (int action = 0; action < Results; action++)
                await StoreResultAsync(channel, action);
            for (int action = 0; action < Results * HitsOfEach; action++)
                await LookUpAsync(channel, action % Results);
            for (int action = 0; action < Misses; action++)
                await Assert.ThrowsAsync<RpcException>(() => LookUpAsync(channel, Results + action));

            await Scrape.WaitForAsync(first, "remoteexec_s3_uploads_total{outcome=\"ok\",", 1);
            await Scrape.WaitForAsync(first, "remoteexec_redis_commands_total{command=\"set\"", Results);
            await Scrape.WaitForAsync(first, "remoteexec_redis_commands_total{command=\"get\"", (Results * HitsOfEach) + Misses);
            Assert.Equal(0, await first.StopAsync());
        }

        await using ServerProcess second = await ServerProcess.StartAsync(variables, FlagsOf);
        await using RpcChannel other = Connect(second);
        Reapi.BatchReadBlobsResponse read = await other.UnaryAsync<Reapi.BatchReadBlobsRequest, Reapi.BatchReadBlobsResponse>(
            $"/{Service}.ContentAddressableStorage/BatchReadBlobs", new Reapi.BatchReadBlobsRequest { Digests = { blob.Digest.ToProto() } }, Token);
        Assert.Equal(blob.Content, read.Responses.Single().Data.ToByteArray());

        OtlpSpan look = await receiver.WaitForAsync(span => span.Name == $"{Service}.ActionCache/GetActionResult");
        OtlpSpan asked = await receiver.WaitForAsync(span => span.ParentId == look.SpanId);
        OtlpSpan batch = await receiver.WaitForAsync(span => span.Name == $"{Service}.ContentAddressableStorage/BatchReadBlobs");
        OtlpSpan fetched = await receiver.WaitForAsync(span => span.ParentId == batch.SpanId && span.Name == "s3 get");
        Assert.Equal("redis get", asked.Name);
        Assert.All((OtlpSpan[])[look, asked, batch, fetched], span => Assert.Equal(TraceId, span.TraceId));
        Assert.All((OtlpSpan[])[asked, fetched], span => Assert.NotEmpty(span.Attributes["remoteexec.store.name"]));
        await Scrape.WaitForAsync(second, "remoteexec_s3_requests_total{kind=\"get\"", atLeast: 1);
        await Scrape.WaitForAsync(second, "remoteexec_s3_blobs{", 2); // and what the actions have said, which was not left in their results
    }

    private static RpcChannel Connect(ServerProcess server) =>
        new(RpcAddress.Parse(server.GrpcAddress), new RpcChannelOptions { Headers = new RpcMetadata { { "traceparent", $"00-{TraceId}-b7ad6b7169203331-01" } } });

    private static Task UploadAsync(RpcChannel channel) => channel.UnaryAsync<Reapi.BatchUpdateBlobsRequest, Reapi.BatchUpdateBlobsResponse>(
        $"/{Service}.ContentAddressableStorage/BatchUpdateBlobs",
        new Reapi.BatchUpdateBlobsRequest { Requests = { new Reapi.BatchUpdateBlobsRequest.Types.Request { Digest = blob.Digest.ToProto(), Data = ByteString.CopyFrom(blob.Content) } } }, Token);

    private static Task StoreResultAsync(RpcChannel channel, int action) => channel.UnaryAsync<Reapi.UpdateActionResultRequest, Reapi.ActionResult>(
        $"/{Service}.ActionCache/UpdateActionResult", new Reapi.UpdateActionResultRequest { ActionDigest = DigestOf(action), ActionResult = new Reapi.ActionResult { StdoutRaw = ByteString.CopyFromUtf8("said") } }, Token);

    private static Task LookUpAsync(RpcChannel channel, int action) => channel.UnaryAsync<Reapi.GetActionResultRequest, Reapi.ActionResult>(
        $"/{Service}.ActionCache/GetActionResult", new Reapi.GetActionResultRequest { ActionDigest = DigestOf(action) }, Token);

    private static Reapi.Digest DigestOf(int action) => TestBlob.Of(BitConverter.GetBytes(action)).Digest.ToProto();
}
