using System.Diagnostics;
using System.Globalization;
using Grpc.Health.V1;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Limits;

/// <summary>
/// A server with a ceiling, and clients that want several times as much. <c>REMOTEEXEC_HAMMER</c> says for how many seconds; <c>./dev hammer</c> sets it.
/// </summary>
public sealed class MemoryLimitTests
{
    private static readonly TimeSpan duration = TimeSpan.FromSeconds(
        int.TryParse(Environment.GetEnvironmentVariable("REMOTEEXEC_HAMMER"), NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) ? seconds : 15);

    [Fact]
    public async Task A_server_stays_below_its_ceiling_whatever_is_thrown_at_it_and_goes_on_answering_what_builds_need()
    {
        const int CeilingMiB = 512;
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0", "--memory-limit", $"{CeilingMiB}MiB", "--max-size", "2GiB");
        CancellationToken token = TestContext.Current.CancellationToken;
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(token);
        var hammer = new Hammer(server.GrpcAddress, enough.Token);
        await hammer.PrepareAsync();
        long atRest = PeakMiB(server);
        enough.CancelAfter(duration);
        Task load = hammer.RunAsync();

        Task<(int Done, int GivenUp)> honest = UploadAsync(server, enough.Token);
        int probes = 0;
        var slowest = TimeSpan.Zero;
        await using (var channel = new RpcChannel(RpcAddress.Parse("grpc://" + server.GrpcAddress)))
        {
            while (!load.IsCompleted)
            {
                long began = Stopwatch.GetTimestamp();
                await ProbeAsync(channel, token);
                TimeSpan took = Stopwatch.GetElapsedTime(began);
                slowest = took > slowest ? took : slowest;
                probes++;
                await Task.Delay(20, token);
            }
        }

        await load;
        (int done, int givenUp) = await honest;
        long peak = PeakMiB(server);
        string story = $"peak {peak} MiB of {CeilingMiB}, {atRest} at rest; {probes} probes in {duration.TotalSeconds:0} s, the slowest {slowest.TotalMilliseconds:0} ms; of an honest client {done} uploads done, {givenUp} given up; {hammer.Outcomes}";
        TestContext.Current.SendDiagnosticMessage(story);
        if (Environment.GetEnvironmentVariable("REMOTEEXEC_HAMMER") is not null)
            await File.WriteAllTextAsync(Path.Combine(Directory.CreateDirectory(Repository.Path("artifacts", "hammer")).FullName, "report.txt"), story + "\n", token);
        Assert.True(peak <= CeilingMiB, story);
        Assert.True(await WriteAsync(server, token), $"a minute after it nothing can be written: {story}"); // while it lasts writing may have to come again and again; all is given back
        Assert.Equal([], server.Output.Split('\n').Where(line => line.Contains("unexpectedly", StringComparison.Ordinal) || line.Contains("abnormally", StringComparison.Ordinal)));
        Assert.Equal(0, await server.StopAsync());
    }

    // One MiB after the other, as Bazel sends it; how many came through, and how many were refused too often.
    private static async Task<(int Done, int GivenUp)> UploadAsync(ServerProcess server, CancellationToken enough)
    {
        await using var channel = new RpcChannel(RpcAddress.Parse("grpc://" + server.GrpcAddress));
        var client = new HonestClient(channel);
        int done = 0, givenUp = 0;
        for (int i = 0; !enough.IsCancellationRequested; i++)
        {
            TestBlob blob = TestBlob.Random(5000 + i, 1 << 20);
            try
            {
                await HonestClient.TryAsync("upload", () => client.WriteAsync(blob));
                done++;
            }
            catch (Xunit.Sdk.XunitException)
            {
                givenUp++;
            }
        }

        return (done, givenUp);
    }

    // Health, a look-up of a blob, and one of a result.
    private static async Task ProbeAsync(RpcChannel channel, CancellationToken token)
    {
        HealthCheckResponse health = await channel.UnaryAsync<HealthCheckRequest, HealthCheckResponse>("/grpc.health.v1.Health/Check", new(), token);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, health.Status);
        var digest = new Reapi.Digest { Hash = new string('a', 64), SizeBytes = 1 };
        Reapi.FindMissingBlobsResponse missing = await channel.UnaryAsync<Reapi.FindMissingBlobsRequest, Reapi.FindMissingBlobsResponse>(
            "/build.bazel.remote.execution.v2.ContentAddressableStorage/FindMissingBlobs", new() { BlobDigests = { digest } }, token);
        Assert.Equal([digest], missing.MissingBlobDigests);
        Rpc.RpcException absent = await Assert.ThrowsAsync<Rpc.RpcException>(() => channel.UnaryAsync<Reapi.GetActionResultRequest, Reapi.ActionResult>(
            "/build.bazel.remote.execution.v2.ActionCache/GetActionResult", new() { ActionDigest = digest }, token));
        Assert.Equal(Rpc.StatusCode.NotFound, absent.Code);
    }

    private static async Task<bool> WriteAsync(ServerProcess server, CancellationToken token)
    {
        TestBlob blob = TestBlob.Random(1, 1 << 20);
        var request = new Reapi.BatchUpdateBlobsRequest { Requests = { new Reapi.BatchUpdateBlobsRequest.Types.Request { Digest = blob.Digest.ToProto(), Data = Google.Protobuf.ByteString.CopyFrom(blob.Content) } } };
        await using var channel = new RpcChannel(RpcAddress.Parse("grpc://" + server.GrpcAddress));
        for (int i = 0; i < 60; i++)
        {
            try
            {
                Reapi.BatchUpdateBlobsResponse response = await channel.UnaryAsync<Reapi.BatchUpdateBlobsRequest, Reapi.BatchUpdateBlobsResponse>(
                    "/build.bazel.remote.execution.v2.ContentAddressableStorage/BatchUpdateBlobs", request, token);
                return Assert.Single(response.Responses).Status is null or { Code: 0 };
            }
            catch (Rpc.RpcException exception) when (exception.Code == Rpc.StatusCode.ResourceExhausted)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), token);
            }
        }

        return false;
    }

    private static long PeakMiB(ServerProcess server)
    {
        string line = File.ReadLines($"/proc/{server.ProcessId}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }
}
