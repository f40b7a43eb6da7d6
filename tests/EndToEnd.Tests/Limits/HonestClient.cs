using System.Net.Http.Headers;
using Google.Bytestream;
using Google.Protobuf;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Limits;

/// <summary>A client that does its part: it sends what it has begun, takes what it has asked for, and comes again a few times if it is told to.</summary>
internal sealed class HonestClient(RpcChannel channel)
{
    private const int PieceBytes = 16 << 10; // as Bazel sends them
    private const int Retries = 10; // Bazel has 5, with the same delays; the machines that run tests are slower
    private static readonly TimeSpan firstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan longestDelay = TimeSpan.FromSeconds(5);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>The name of a blob, as it is read.</summary>
    public static string NameOf(TestBlob blob) => $"blobs/{blob.Digest.Hash}/{blob.Digest.SizeBytes}";

    /// <summary>Uploads a blob in pieces.</summary>
    public async Task WriteAsync(TestBlob blob)
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

    /// <summary>Uploads a blob in one message.</summary>
    public async Task WriteWholeAsync(TestBlob blob)
    {
        var request = new Reapi.BatchUpdateBlobsRequest { Requests = { new Reapi.BatchUpdateBlobsRequest.Types.Request { Digest = blob.Digest.ToProto(), Data = ByteString.CopyFrom(blob.Content) } } };
        Reapi.BatchUpdateBlobsResponse response = await channel.UnaryAsync<Reapi.BatchUpdateBlobsRequest, Reapi.BatchUpdateBlobsResponse>(
            "/build.bazel.remote.execution.v2.ContentAddressableStorage/BatchUpdateBlobs", request, Token);
        Assert.Equal(0, Assert.Single(response.Responses).Status?.Code ?? 0);
    }

    /// <summary>Reads a blob.</summary>
    public async Task<byte[]> ReadAsync(TestBlob blob)
    {
        using var content = new MemoryStream();
        await using RpcClientCall call = channel.Open("/google.bytestream.ByteStream/Read", null, Token);
        await call.WriteAsync(new ReadRequest { ResourceName = NameOf(blob) });
        await call.CompleteRequestsAsync();
        while (await call.ReadAsync<ReadResponse>() is { } response)
            response.Data.WriteTo(content);
        return content.ToArray();
    }

    /// <summary>Uploads a blob over HTTP.</summary>
    public static async Task PutAsync(HttpClient http, TestBlob blob)
    {
        using var content = new ByteArrayContent(blob.Content) { Headers = { ContentType = new MediaTypeHeaderValue("application/octet-stream") } };
        using HttpResponseMessage response = await http.PutAsync(new Uri($"/cas/{blob.Digest.Hash}", UriKind.Relative), content, Token);
        if (response.StatusCode == System.Net.HttpStatusCode.ServiceUnavailable)
            throw new RpcException(StatusCode.ResourceExhausted, await response.Content.ReadAsStringAsync(Token));
        response.EnsureSuccessStatusCode();
    }

    /// <summary>Does what Bazel does with an error that passes: tries again some times, each time twice as much later.</summary>
    public static async Task TryAsync(string what, Func<Task> callAsync)
    {
        TimeSpan delay = firstDelay;
        for (int i = 0; ; i++, delay = delay * 2 < longestDelay ? delay * 2 : longestDelay)
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
}
