using System.Globalization;
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

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Uploads_and_reads_of_a_client_that_does_its_part_go_on_while_others_hold_what_they_can()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0", "--memory-limit", "256MiB", "--max-size", "1GiB");
        await using var channel = new RpcChannel(RpcAddress.Parse("grpc://" + server.GrpcAddress));
        var client = new HonestClient(channel);
        TestBlob large = TestBlob.Random(1000, 4 << 20);
        await client.WriteAsync(large);
        using var http = new HttpClient { BaseAddress = new Uri("http://" + server.HttpAddress) };
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task strangers = new Strangers(server, HonestClient.NameOf(large), enough.Token).RunAsync(Strangers);
        await WaitForShortageAsync(http);

        for (int i = 0; i < Blobs; i++)
        {
            TestBlob blob = TestBlob.Random(i, BlobBytes);
            await HonestClient.TryAsync($"upload {i}", () => i % 2 == 0 ? client.WriteAsync(blob) : client.WriteWholeAsync(blob));
            byte[] read = [];
            await HonestClient.TryAsync($"read {i}", async () => read = await client.ReadAsync(blob));
            Assert.Equal(blob.Content, read);
            HealthCheckResponse health = await channel.UnaryAsync<HealthCheckRequest, HealthCheckResponse>("/grpc.health.v1.Health/Check", new(), Token);
            Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, health.Status);
        }

        TestBlob over = TestBlob.Random(2000, BlobBytes);
        await HonestClient.TryAsync("upload over HTTP", async () => await HonestClient.PutAsync(http, over));
        Assert.False(strangers.IsCompleted);
        await enough.CancelAsync();
        await strangers;
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
