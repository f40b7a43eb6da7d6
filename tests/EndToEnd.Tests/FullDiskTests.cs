using System.Net;
using System.Text.RegularExpressions;
using Google.Bytestream;
using Google.Protobuf;
using Grpc.Health.V1;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests;

/// <summary>The real program on a real disk that is full.</summary>
public sealed partial class FullDiskTests : IAsyncLifetime
{
    private const int DiskKibibytes = 64 * 1024;
    private readonly TemporaryDirectory data = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string[] Serve => [ServerProcess.Program, "serve", "--data", data.FullPath, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--max-size", "40MiB", "--set", "minFreeDisk=0"];

    public async ValueTask InitializeAsync() => await TinyDisk.RequireAsync();

    public ValueTask DisposeAsync()
    {
        data.Dispose();
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData("--workers", "0")]
    [InlineData("--workers", "1")]
    public async Task At_the_start_it_is_one_line_and_exit_code_1(params string[] flags)
    {
        await using ChildProcess server = TinyDisk.Start(data.FullPath, 1024, filled: 1024, [.. Serve, .. flags]);

        Assert.Equal(1, await server.WaitForExitAsync());
        Assert.Equal(
            $"remoteexec: the data directory {data.FullPath} can't be written to: its disk is full; free some space there, or choose another with --data\n", server.Output);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(12)]
    [InlineData(16)]
    [InlineData(20)]
    [InlineData(24)]
    [InlineData(32)]
    public async Task With_next_to_no_space_it_starts_or_says_in_one_line_why_not(int free)
    {
        await using ChildProcess server = TinyDisk.Start(data.FullPath, 1024, filled: 1024 - free, Serve);

        await Task.WhenAny(server.WaitForExitAsync(), server.WaitForOutputAsync(Ready().IsMatch, "ready"));

        if (server.Output.Contains("ready: ", StringComparison.Ordinal))
        {
            await server.SignalAsync("TERM");
            Assert.InRange(await server.WaitForExitAsync(), 0, 1);
        }
        else
        {
            Assert.Equal(1, await server.WaitForExitAsync());
            Assert.Contains("its disk is full", Assert.Single(server.Output.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
        }

        Assert.DoesNotContain("Unhandled", server.Output, StringComparison.Ordinal);
    }

    [Fact]
    [Rule("CAS-08")]
    public async Task While_it_runs_uploads_are_refused_and_all_else_goes_on_until_there_is_space()
    {
        await using ChildProcess server = TinyDisk.Start(data.FullPath, DiskKibibytes, filled: 0, [.. Serve, "--workers", "0"]);
        await server.WaitForOutputAsync(Ready().IsMatch, "ready");
        Match ready = Ready().Match(server.Output);
        await using var channel = new RpcChannel(RpcAddress.Parse($"grpc://{ready.Groups["grpc"].Value}"));
        using var http = new HttpClient { BaseAddress = new Uri($"http://{ready.Groups["http"].Value}") };
        TestBlob[] early = [.. Enumerable.Range(0, 24).Select(number => TestBlob.Random(number, 100_000))]; // for which nearly all the space of a segment is taken
        Assert.All(await UpdateAsync(channel, early), code => Assert.Equal(StatusCode.Ok, code));

        string others = TinyDisk.Fill(server, data.FullPath);

        TestBlob[] late = [.. Enumerable.Range(100, 4).Select(number => TestBlob.Random(number, 2_000_000))];
        Assert.Equal(StatusCode.ResourceExhausted, Assert.Single(await UpdateAsync(channel, late[0])));
        Assert.Equal(StatusCode.ResourceExhausted, await WriteAsync(channel, late[1]));
        Assert.Equal(HttpStatusCode.InsufficientStorage, await PutAsync(http, late[2]));
        Assert.Equal(StatusCode.ResourceExhausted, await WriteAsync(channel, TestBlob.Random(104, 12_000_000))); // longer than what the store could have now
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, await CheckAsync(channel));
        await AssertReadableAsync(channel, early);

        File.Delete(others);

        Assert.Equal(StatusCode.Ok, Assert.Single(await UpdateAsync(channel, late[0])));
        Assert.Equal(StatusCode.Ok, await WriteAsync(channel, late[1]));
        Assert.Equal(HttpStatusCode.Created, await PutAsync(http, late[2]));
        Assert.Equal(StatusCode.Ok, await WriteAsync(channel, TestBlob.Random(104, 12_000_000)));
        await AssertReadableAsync(channel, [.. early, .. late[..3]]);
        await server.SignalAsync("TERM");
        Assert.Equal(0, await server.WaitForExitAsync());
        Assert.Single(server.Errors.TrimEnd('\n').Split('\n'), line => line.Contains("the disk of store 'cas' is full", StringComparison.Ordinal));
        Assert.Single(server.Errors.TrimEnd('\n').Split('\n'), line => line.Contains("the disk of store 'cas' has space again", StringComparison.Ordinal));
    }

    private static async Task<StatusCode[]> UpdateAsync(RpcChannel channel, params TestBlob[] blobs)
    {
        var request = new Reapi.BatchUpdateBlobsRequest();
        foreach (TestBlob blob in blobs)
            request.Requests.Add(new Reapi.BatchUpdateBlobsRequest.Types.Request { Digest = blob.Digest.ToProto(), Data = UnsafeByteOperations.UnsafeWrap(blob.Content) });
        Reapi.BatchUpdateBlobsResponse response = await channel.UnaryAsync<Reapi.BatchUpdateBlobsRequest, Reapi.BatchUpdateBlobsResponse>(
            "/build.bazel.remote.execution.v2.ContentAddressableStorage/BatchUpdateBlobs", request, Token);
        return [.. response.Responses.Select(answer => (StatusCode)answer.Status.Code)];
    }

    private static async Task<StatusCode> WriteAsync(RpcChannel channel, TestBlob blob)
    {
        await using RpcClientCall call = channel.Open("/google.bytestream.ByteStream/Write", null, Token);
        for (int offset = 0; offset < blob.Content.Length; offset += 1_000_000)
        {
            int length = Math.Min(1_000_000, blob.Content.Length - offset);
            var message = new WriteRequest
            {
                ResourceName = offset == 0 ? $"uploads/{Guid.NewGuid()}/blobs/{blob.Digest.Hash}/{blob.Digest.SizeBytes}" : "",
                WriteOffset = offset,
                FinishWrite = offset + length == blob.Content.Length,
                Data = UnsafeByteOperations.UnsafeWrap(blob.Content.AsMemory(offset, length)),
            };
            if (!await call.WriteAsync(message))
                break; // refused: the status tells why
        }

        await call.CompleteRequestsAsync();
        try
        {
            WriteResponse? response = await call.ReadAsync<WriteResponse>();
            Assert.Equal(blob.Digest.SizeBytes, response?.CommittedSize);
            return StatusCode.Ok;
        }
        catch (RpcException refusal)
        {
            return refusal.Code;
        }
    }

    private static async Task<HttpStatusCode> PutAsync(HttpClient http, TestBlob blob)
    {
        using HttpResponseMessage response = await http.PutAsync($"/cas/{blob.Digest.Hash}", new ByteArrayContent(blob.Content), Token);
        return response.StatusCode;
    }

    private static async Task<HealthCheckResponse.Types.ServingStatus> CheckAsync(RpcChannel channel) =>
        (await channel.UnaryAsync<HealthCheckRequest, HealthCheckResponse>("/grpc.health.v1.Health/Check", new HealthCheckRequest(), Token)).Status;

    private static async Task AssertReadableAsync(RpcChannel channel, params TestBlob[] blobs)
    {
        foreach (TestBlob blob in blobs)
        {
            var request = new Reapi.BatchReadBlobsRequest { Digests = { blob.Digest.ToProto() } };
            Reapi.BatchReadBlobsResponse response = await channel.UnaryAsync<Reapi.BatchReadBlobsRequest, Reapi.BatchReadBlobsResponse>(
                "/build.bazel.remote.execution.v2.ContentAddressableStorage/BatchReadBlobs", request, Token);
            Assert.True(response.Responses[0].Data.Span.SequenceEqual(blob.Content));
        }
    }

    [GeneratedRegex("^ready: gRPC on (?<grpc>[^,;]+), HTTP cache on (?<http>[^,;]+)[;,]", RegexOptions.Multiline)]
    private static partial Regex Ready();
}
