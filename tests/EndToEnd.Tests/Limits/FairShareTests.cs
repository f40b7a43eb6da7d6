using System.Globalization;
using System.Net.Http.Headers;
using Google.Bytestream;
using Google.Protobuf;
using Grpc.Health.V1;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Limits;

/// <summary>An honest client beside many that hold whatever memory they can get, and let it lie.</summary>
public sealed class FairShareTests
{
    private const int Strangers = 50;
    private const int Blobs = 12;
    private const int BlobBytes = 1 << 20;
    private const int PieceBytes = 16 << 10; // as Bazel sends them
    private const int Retries = 5; // as Bazel has them, and the delays between them
    private static readonly TimeSpan firstDelay = TimeSpan.FromMilliseconds(100);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Uploads_and_reads_of_a_client_that_does_its_part_go_on_while_others_hold_what_they_can()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0", "--memory-limit", "256MiB", "--max-size", "1GiB");
        await using var channel = new RpcChannel(RpcAddress.Parse("grpc://" + server.GrpcAddress));
        TestBlob large = TestBlob.Random(1000, 4 << 20);
        await WriteAsync(channel, large);
        using var http = new HttpClient { BaseAddress = new Uri("http://" + server.HttpAddress) };
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task strangers = new Strangers(server, NameOf(large), enough.Token).RunAsync(Strangers);
        await WaitForShortageAsync(http);

        for (int i = 0; i < Blobs; i++)
        {
            TestBlob blob = TestBlob.Random(i, BlobBytes);
            await TryAsync($"upload {i}", () => i % 2 == 0 ? WriteAsync(channel, blob) : WriteWholeAsync(channel, blob));
            byte[] read = [];
            await TryAsync($"read {i}", async () => read = await ReadAsync(channel, blob));
            Assert.Equal(blob.Content, read);
            HealthCheckResponse health = await channel.UnaryAsync<HealthCheckRequest, HealthCheckResponse>("/grpc.health.v1.Health/Check", new(), Token);
            Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, health.Status);
        }

        TestBlob over = TestBlob.Random(2000, BlobBytes);
        await TryAsync("upload over HTTP", async () => await PutAsync(http, over));
        Assert.False(strangers.IsCompleted);
        await enough.CancelAsync();
        await strangers;
    }

    private static string NameOf(TestBlob blob) => $"blobs/{blob.Digest.Hash}/{blob.Digest.SizeBytes}";

    private static async Task WriteAsync(RpcChannel channel, TestBlob blob)
    {
        await using RpcClientCall call = channel.Open("/google.bytestream.ByteStream/Write", null, Token);
        for (int at = 0; at < blob.Content.Length; at += PieceBytes)
        {
            int length = Math.Min(PieceBytes, blob.Content.Length - at);
            bool isOpen = await call.WriteAsync(new WriteRequest
            {
                ResourceName = at == 0 ? $"uploads/{Guid.NewGuid()}/{NameOf(blob)}" : "",
                WriteOffset = at,
                Data = ByteString.CopyFrom(blob.Content, at, length),
                FinishWrite = at + length == blob.Content.Length,
            });
            if (!isOpen)
                break;
        }

        await call.CompleteRequestsAsync();
        Assert.Equal(blob.Content.Length, (await call.ReadAsync<WriteResponse>())!.CommittedSize);
    }

    private static async Task WriteWholeAsync(RpcChannel channel, TestBlob blob)
    {
        var request = new Reapi.BatchUpdateBlobsRequest { Requests = { new Reapi.BatchUpdateBlobsRequest.Types.Request { Digest = blob.Digest.ToProto(), Data = ByteString.CopyFrom(blob.Content) } } };
        Reapi.BatchUpdateBlobsResponse response = await channel.UnaryAsync<Reapi.BatchUpdateBlobsRequest, Reapi.BatchUpdateBlobsResponse>(
            "/build.bazel.remote.execution.v2.ContentAddressableStorage/BatchUpdateBlobs", request, Token);
        Assert.Equal(0, Assert.Single(response.Responses).Status?.Code ?? 0);
    }

    private static async Task<byte[]> ReadAsync(RpcChannel channel, TestBlob blob)
    {
        using var content = new MemoryStream();
        await using RpcClientCall call = channel.Open("/google.bytestream.ByteStream/Read", null, Token);
        await call.WriteAsync(new ReadRequest { ResourceName = NameOf(blob) });
        await call.CompleteRequestsAsync();
        while (await call.ReadAsync<ReadResponse>() is { } response)
            response.Data.WriteTo(content);
        return content.ToArray();
    }

    private static async Task PutAsync(HttpClient http, TestBlob blob)
    {
        using var content = new ByteArrayContent(blob.Content) { Headers = { ContentType = new MediaTypeHeaderValue("application/octet-stream") } };
        using HttpResponseMessage response = await http.PutAsync(new Uri($"/cas/{blob.Digest.Hash}", UriKind.Relative), content, Token);
        if (response.StatusCode == System.Net.HttpStatusCode.ServiceUnavailable)
            throw new RpcException(StatusCode.ResourceExhausted, await response.Content.ReadAsStringAsync(Token));
        response.EnsureSuccessStatusCode();
    }

    // What Bazel does with an error that passes: it tries again, five times, each time twice as much later.
    private static async Task TryAsync(string what, Func<Task> callAsync)
    {
        TimeSpan delay = firstDelay;
        for (int i = 0; ; i++, delay *= 2)
        {
            try
            {
                await callAsync();
                return;
            }
            catch (RpcException exception) when (exception.Code is StatusCode.ResourceExhausted or StatusCode.Unavailable)
            {
                Assert.True(i < Retries, $"{what} was refused {i + 1} times: {exception.Message}");
                await Task.Delay(delay, Token);
            }
        }
    }

    // Until they have all that is for writing, or as much.
    private static async Task WaitForShortageAsync(HttpClient http)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromMinutes(2));
        while (true)
        {
            string metrics = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative), patience.Token);
            if (ValueOf(metrics, "remoteexec_memory_used_bytes") > 0.4 * ValueOf(metrics, "remoteexec_memory_limit_bytes"))
                return;
            await Task.Delay(20, patience.Token);
        }
    }

    private static double ValueOf(string metrics, string name) =>
        double.Parse(metrics.Split('\n').First(line => line.StartsWith(name + " ", StringComparison.Ordinal))[(name.Length + 1)..], CultureInfo.InvariantCulture);
}
