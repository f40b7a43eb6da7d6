using System.Net;
using Google.Bytestream;
using Google.Protobuf;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Configuration;
using RemoteExec.Server.Hosting;
using RemoteExec.Server.Quotas;

namespace RemoteExec.Server.Tests.Quotas;

public sealed class TenantQuotaTests : IDisposable
{
    private const string FindMissing = "/build.bazel.remote.execution.v2.ContentAddressableStorage/FindMissingBlobs";
    private readonly TemporaryDirectory data = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => data.Dispose();

    [Fact]
    public void A_bucket_gives_so_much_a_second_and_a_burst_of_two()
    {
        var time = new ManualTimeProvider();
        var bucket = new TokenBucket(10, time);

        Assert.Equal(TimeSpan.Zero, bucket.Take(20));
        Assert.Equal(TimeSpan.FromSeconds(1), bucket.Take(10));
        Assert.False(bucket.TryTake(10, TimeSpan.FromSeconds(1), out TimeSpan wait));
        Assert.Equal(TimeSpan.FromSeconds(2), wait);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(bucket.TryTake(10, TimeSpan.FromSeconds(1), out _));
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(TimeSpan.FromSeconds(1), bucket.Take(30)); // however long nobody took any
    }

    [Theory]
    [InlineData("team/a", "team/a")]
    [InlineData("team/a/ci", "team/a")]
    [InlineData("team/a/uploads/x/blobs/y/1", "team/a")]
    [InlineData("team/ab", "team")]
    [InlineData("teams", "")]
    [InlineData("", "")]
    [InlineData(null, "")]
    [InlineData("blobs/x/1", "")]
    public void The_quota_of_an_instance_is_for_those_below_as_well(string? name, string expected)
    {
        var quotas = new TenantQuotas(new[] { "team/a", "team", "" }.ToDictionary(key => key, _ => new TenantLimitOptions()), TimeProvider.System);

        Assert.Equal(expected, quotas.Of(name)?.Name);
    }

    [Fact]
    public void Without_a_quota_for_others_they_have_none() =>
        Assert.Null(new TenantQuotas(new Dictionary<string, TenantLimitOptions> { ["team"] = new() }, TimeProvider.System).Of("other"));

    [Fact]
    public async Task Who_asks_too_often_is_told_when_to_come_again_and_others_are_not()
    {
        await using RunningServer server = await TestServers.StartAsync(data, "limits.tenants={ greedy: { requestsPerSecond: 0.05 } }");
        await using RpcChannel channel = TestServers.Connect(server);
        Task FindAsync(string instance) => channel.UnaryAsync<Reapi.FindMissingBlobsRequest, Reapi.FindMissingBlobsResponse>(FindMissing, new() { InstanceName = instance }, Token);

        RpcException refusal = await Assert.ThrowsAsync<RpcException>(() => FindAsync("greedy/ci"));

        Assert.Equal(StatusCode.ResourceExhausted, refusal.Code);
        Assert.Contains("limits.tenants", refusal.Status.Message, StringComparison.Ordinal);
        Assert.Equal("type.googleapis.com/google.rpc.RetryInfo", Assert.Single(refusal.Status.Details).TypeUrl);
        for (int i = 0; i < 20; i++)
            await FindAsync("modest");
        using var http = new HttpClient();
        string address = $"http://{server.Listeners.First(listener => listener.Kind == ListenerKind.Http).Address}/";
        using HttpResponseMessage tooMany = await http.GetAsync(address + "greedy/cas/" + new string('0', 64), Token), absent = await http.GetAsync(address + "cas/" + new string('0', 64), Token);
        Assert.Equal(HttpStatusCode.TooManyRequests, tooMany.StatusCode);
        Assert.NotNull(tooMany.Headers.RetryAfter);
        Assert.Equal(HttpStatusCode.NotFound, absent.StatusCode);
        Assert.Contains("remoteexec_tenant_refused_total{remoteexec_tenant=\"greedy\"} 2", await http.GetStringAsync(address + "metrics", Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_carried_is_slowed_down_and_arrives()
    {
        await using RunningServer server = await TestServers.StartAsync(data, "limits.tenants={ \"\": { uploadPerSecond: 256KiB, downloadPerSecond: 256KiB } }");
        await using RpcChannel channel = TestServers.Connect(server);
        TestBlob blob = TestBlob.Random(1, 1 << 20);
        await using (RpcClientCall call = channel.Open("/google.bytestream.ByteStream/Write", null, Token))
        {
            await call.WriteAsync(new WriteRequest { ResourceName = $"uploads/{Guid.NewGuid()}/blobs/{blob.Digest.Hash}/{blob.Digest.SizeBytes}", Data = ByteString.CopyFrom(blob.Content), FinishWrite = true });
            await call.CompleteRequestsAsync();
            Assert.Equal(blob.Digest.SizeBytes, (await call.ReadAsync<WriteResponse>())!.CommittedSize);
        }

        List<byte> read = [];
        await foreach (ReadResponse piece in channel.ServerStreamAsync<ReadRequest, ReadResponse>(
            "/google.bytestream.ByteStream/Read", new() { ResourceName = $"blobs/{blob.Digest.Hash}/{blob.Digest.SizeBytes}" }, Token))
            read.AddRange(piece.Data);

        Assert.Equal(blob.Content, read);
    }

    [Fact]
    public async Task Calls_beyond_those_at_a_time_wait_for_one_of_them_to_end()
    {
        await using RunningServer server = await TestServers.StartAsync(data, "limits.tenants={ \"\": { calls: 1 } }");
        await using RpcChannel channel = TestServers.Connect(server);
        TestBlob blob = TestBlob.Random(2, 100_000);
        await using RpcClientCall upload = channel.Open("/google.bytestream.ByteStream/Write", null, Token);
        await upload.WriteAsync(new WriteRequest { ResourceName = $"uploads/{Guid.NewGuid()}/blobs/{blob.Digest.Hash}/{blob.Digest.SizeBytes}", Data = ByteString.CopyFrom(blob.Content[..1000]) });

        Exception? refusal = null;
        while (refusal is null) // the upload may still be on its way
            refusal = await Record.ExceptionAsync(() => channel.UnaryAsync<Reapi.FindMissingBlobsRequest, Reapi.FindMissingBlobsResponse>(FindMissing, new(), Token));
        Assert.Equal(StatusCode.ResourceExhausted, Assert.IsType<RpcException>(refusal).Code);
        await upload.WriteAsync(new WriteRequest { WriteOffset = 1000, Data = ByteString.CopyFrom(blob.Content[1000..]), FinishWrite = true });
        await upload.CompleteRequestsAsync();
        Assert.NotNull(await upload.ReadAsync<WriteResponse>());

        await channel.UnaryAsync<Reapi.FindMissingBlobsRequest, Reapi.FindMissingBlobsResponse>(FindMissing, new(), Token);
    }
}
