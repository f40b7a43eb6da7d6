using System.Diagnostics;
using System.Net.Http.Headers;
using Google.Bytestream;
using Google.Protobuf;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Benchmarks.Uploads;

/// <summary>Uploads and reads over both protocols; what is read is hashed and compared.</summary>
internal sealed class UploadClient(MeasuredServer server) : IAsyncDisposable
{
    private const string ByteStream = "/google.bytestream.ByteStream/";
    private readonly RpcChannel channel = new(RpcAddress.Parse($"grpc://{server.Grpc}"));
    private readonly HttpClient http = new() { BaseAddress = new Uri($"http://{server.Http}"), Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Begins a Write call.</summary>
    public RpcClientCall OpenWrite() => channel.Open(ByteStream + "Write", null, CancellationToken.None);

    /// <summary>The name of an upload.</summary>
    public static string NameOf(Digest digest) => $"uploads/{Guid.NewGuid()}/blobs/{(digest.Function.NeedsNameInResource() ? digest.Function.Name() + "/" : "")}{digest.Hash}/{digest.SizeBytes}";

    /// <summary>Waits for the answer, which has to be that all has come.</summary>
    public static async Task ExpectAsync(RpcClientCall call, long length)
    {
        await call.CompleteRequestsAsync();
        if ((await call.ReadAsync<WriteResponse>())?.CommittedSize != length)
            throw new InvalidOperationException("the upload was not taken");
    }

    /// <summary>Uploads over ByteStream.</summary>
    public async Task WriteAsync(LongContent content)
    {
        await using RpcClientCall call = OpenWrite();
        string name = NameOf(content.Digest);
        long sent = 0;
        foreach (ReadOnlyMemory<byte> piece in content.Pieces())
        {
            var request = new WriteRequest
            {
                ResourceName = name,
                WriteOffset = sent,
                Data = UnsafeByteOperations.UnsafeWrap(piece),
                FinishWrite = sent + piece.Length == content.Length,
            };
            sent += piece.Length;
            name = "";
            if (!await call.WriteAsync(request))
                break; // the answer tells why
        }

        await ExpectAsync(call, content.Length);
    }

    /// <summary>Uploads over HTTP.</summary>
    public async Task PutAsync(LongContent content)
    {
        using var body = new PiecesContent(content);
        using HttpResponseMessage response = await http.PutAsync($"/cas/{content.Digest.Hash}", body);
        response.EnsureSuccessStatusCode();
    }

    /// <summary>Reads from an offset over ByteStream and compares.</summary>
    public async Task ReadAsync(LongContent content, long offset)
    {
        Digest digest = content.Digest;
        var request = new ReadRequest
        {
            ResourceName = $"blobs/{(digest.Function.NeedsNameInResource() ? digest.Function.Name() + "/" : "")}{digest.Hash}/{digest.SizeBytes}",
            ReadOffset = offset,
        };
        var comparison = new Comparison(content, offset);
        await foreach (ReadResponse response in channel.ServerStreamAsync<ReadRequest, ReadResponse>(ByteStream + "Read", request, CancellationToken.None))
            comparison.Add(response.Data.Span);
        comparison.End();
    }

    /// <summary>Reads from an offset over HTTP and compares.</summary>
    public async Task GetAsync(LongContent content, long offset)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/cas/{content.Digest.Hash}");
        if (offset > 0)
            request.Headers.Range = new RangeHeaderValue(offset, null);
        using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        await using Stream body = await response.Content.ReadAsStreamAsync();
        var comparison = new Comparison(content, offset);
        var buffer = new byte[1 << 20];
        for (int read; (read = await body.ReadAsync(buffer)) > 0;)
            comparison.Add(buffer.AsSpan(0, read));
        comparison.End();
    }

    /// <summary>Runs something, and says how long it took.</summary>
    public async Task TimeAsync(string what, long bytes, Func<Task> run)
    {
        TimeSpan cpu = server.Cpu;
        long started = Stopwatch.GetTimestamp();
        await run();
        TimeSpan took = Stopwatch.GetElapsedTime(started);
        Console.WriteLine($"{what}: {took.TotalSeconds:F1} s, {bytes / took.TotalSeconds / 1e6:F0} MB/s, server CPU {(server.Cpu - cpu).TotalSeconds / bytes * (1L << 30):F2} s/GiB");
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        http.Dispose();
        return channel.DisposeAsync();
    }
}
