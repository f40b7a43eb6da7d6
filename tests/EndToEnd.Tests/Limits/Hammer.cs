using System.Security.Cryptography;
using Google.Bytestream;
using Google.Protobuf;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Limits;

/// <summary>Clients that want more of a server than it has: each kind of them in great numbers, and again and again. What comes of their calls is counted, by kind and status.</summary>
internal sealed class Hammer(string address, CancellationToken token)
{
    private const string Cas = "/build.bazel.remote.execution.v2.ContentAddressableStorage/";
    private const string Write = "/google.bytestream.ByteStream/Write";
    private const int MessageBytes = 2 << 20;
    private const int BombLength = 64 << 20;

    private static readonly ByteString zstdBomb = ByteString.CopyFrom(Bomb(BombLength));
    private static readonly byte[] gzipBomb = MakeGzipBomb();
    private readonly SortedDictionary<string, int> outcomes = []; // guarded by itself

    /// <summary>How often each kind of call ended how.</summary>
    public string Outcomes
    {
        get
        {
            lock (outcomes)
                return string.Join(", ", outcomes.Select(entry => $"{entry.Key} {entry.Value}"));
        }
    }

    /// <summary>All kinds at once, until the token fires.</summary>
    public Task RunAsync() => Task.WhenAll(
    [
        .. Many(200, 20, "upload", UploadAsync),
        .. Many(100, 10, "batch", BatchAsync),
        .. Many(60, 6, "zstd bomb", BombAsync),
        .. Many(20, 4, "gzip bomb", GzipBombAsync),
        .. Enumerable.Range(0, 20).Select(_ => SlowReadersAsync()),
        .. Enumerable.Range(0, 10).Select(_ => HalfOpenAsync()),
        .. Enumerable.Range(0, 300).Select(_ => IdleAsync()),
    ]);

    /// <summary>A frame of zstd that asks for a window of 8 MiB and contains as many zeros: 128 KiB out of each 4 bytes.</summary>
    public static byte[] Bomb(int length)
    {
        List<byte> frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 13 << 3];
        for (int left = length; left > 0;)
        {
            int size = Math.Min(left, 128 << 10);
            left -= size;
            int header = (left == 0 ? 1 : 0) | (1 << 1) | (size << 3);
            frame.AddRange([(byte)header, (byte)(header >> 8), (byte)(header >> 16), 0]);
        }

        return [.. frame];
    }

    private static ByteString Piece { get; } = MakePiece();

    // Of so many pieces, one behind the other.
    private static string[] Hashes { get; } = [.. Enumerable.Range(0, 9).Select(HashOfPieces)];

    private static ByteString MakePiece()
    {
        var piece = new byte[MessageBytes];
        new Random(7).NextBytes(piece);
        return UnsafeByteOperations.UnsafeWrap(piece);
    }

    private static string HashOfPieces(int count)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int i = 0; i < count; i++)
            hash.AppendData(Piece.Span);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static byte[] MakeGzipBomb()
    {
        using var compressed = new MemoryStream();
        using (var gzip = new System.IO.Compression.GZipStream(compressed, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(new byte[15 << 20]);
        byte[] frame = [1, 0, 0, 0, 0, .. compressed.ToArray()];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), frame.Length - 5);
        return frame;
    }

    private IEnumerable<Task> Many(int calls, int channels, string kind, Func<RpcChannel, Random, Task> callAsync) =>
        Enumerable.Range(0, channels).Select(async number =>
        {
            await Task.Yield();
            await using var channel = new RpcChannel(RpcAddress.Parse("grpc://" + address));
            await Task.WhenAll(Enumerable.Range(0, calls / channels).Select(async call =>
            {
                var random = new Random((number * 1000) + call);
                while (!token.IsCancellationRequested)
                    await TryAsync(kind, () => callAsync(channel, random));
            }));
        });

    private async Task TryAsync(string kind, Func<Task> callAsync)
    {
        string outcome = "OK";
        try
        {
            await callAsync();
        }
        catch (RpcException exception)
        {
            outcome = exception.Code.ToString();
        }
        catch (Exception exception) when (exception is IOException or System.Net.Sockets.SocketException)
        {
            outcome = "closed";
        }
        catch (OperationCanceledException)
        {
            return;
        }

        lock (outcomes)
            outcomes[$"{kind}: {outcome}"] = outcomes.GetValueOrDefault($"{kind}: {outcome}") + 1;
        if (outcome != "OK")
            await Task.Delay(100, token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // Each in an instance of its own, so that it is stored anew.
    private async Task UploadAsync(RpcChannel channel, Random random)
    {
        int pieces = random.Next(1, Hashes.Length);
        string name = $"{Guid.NewGuid()}/uploads/{Guid.NewGuid()}/blobs/{Hashes[pieces]}/{(long)pieces * MessageBytes}";
        await using RpcClientCall call = channel.Open(Write, null, token);
        for (int i = 0; i < pieces; i++)
        {
            if (!await call.WriteAsync(new WriteRequest { ResourceName = i == 0 ? name : "", WriteOffset = (long)i * MessageBytes, Data = Piece, FinishWrite = i == pieces - 1 }))
                break;
        }

        await call.CompleteRequestsAsync();
        await call.ReadAsync<WriteResponse>();
    }

    private async Task BatchAsync(RpcChannel channel, Random random)
    {
        var request = new Reapi.BatchUpdateBlobsRequest { InstanceName = Guid.NewGuid().ToString() };
        request.Requests.Add(new Reapi.BatchUpdateBlobsRequest.Types.Request { Digest = new Reapi.Digest { Hash = Hashes[1], SizeBytes = MessageBytes }, Data = Piece });
        await channel.UnaryAsync<Reapi.BatchUpdateBlobsRequest, Reapi.BatchUpdateBlobsResponse>(Cas + "BatchUpdateBlobs", request, token);
    }

    // It is never what it says, but that shows at the end.
    private async Task BombAsync(RpcChannel channel, Random random)
    {
        await using RpcClientCall call = channel.Open(Write, null, token);
        await call.WriteAsync(new WriteRequest
        {
            ResourceName = $"{Guid.NewGuid()}/uploads/{Guid.NewGuid()}/compressed-blobs/zstd/{Hashes[1]}/{BombLength}",
            Data = zstdBomb,
            FinishWrite = true,
        });
        await call.CompleteRequestsAsync();
        await call.ReadAsync<WriteResponse>();
    }

    private async Task GzipBombAsync(RpcChannel channel, Random random)
    {
        var headers = new RpcMetadata();
        headers.Add("grpc-encoding", "gzip");
        await using RpcClientCall call = channel.SendFrame(Cas + "BatchUpdateBlobs", gzipBomb, new RpcCallOptions { Headers = headers }, token);
        await call.ReadAsync<Reapi.BatchUpdateBlobsResponse>();
    }

    // Each of hundred streams asks for a large blob and never takes more than the 64 KiB that a connection has at first.
    private Task SlowReadersAsync() => OnConnectionsAsync("slow readers", async connection =>
    {
        byte[] request = new ReadRequest { ResourceName = $"blobs/{LargeHash}/{Large.Length}" }.ToByteArray();
        byte[] frame = [0, 0, 0, 0, (byte)request.Length, .. request];
        for (int stream = 1; stream < 200; stream += 2)
            await connection.PostAsync(stream, "/google.bytestream.ByteStream/Read", "http", frame);
    });

    private Task HalfOpenAsync() => OnConnectionsAsync("half open", async connection =>
    {
        for (int stream = 1; stream < 1000; stream += 2)
        {
            await connection.BeginAsync(stream, Write);
            await connection.WriteAsync(RawHttp2.Data, 0, stream, 0);
        }
    });

    private Task IdleAsync() => OnConnectionsAsync("idle", connection => connection.PingAsync(1));

    private async Task OnConnectionsAsync(string kind, Func<RawHttp2, Task> useAsync)
    {
        await Task.Yield();
        while (!token.IsCancellationRequested)
        {
            await TryAsync(kind, async () =>
            {
                using RawHttp2 connection = await RawHttp2.ConnectAsync(new Uri("http://" + address));
                await useAsync(connection);
                await connection.WaitForEndAsync().WaitAsync(TimeSpan.FromSeconds(20), token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            });
        }
    }

    /// <summary>What the slow readers ask for.</summary>
    public static byte[] Large { get; } = [.. Enumerable.Range(0, 4 << 20).Select(i => (byte)(i * 31 >> 7))];

    private static string LargeHash { get; } = Convert.ToHexStringLower(SHA256.HashData(Large));

    /// <summary>Uploads what the slow readers ask for.</summary>
    public async Task PrepareAsync()
    {
        await using var channel = new RpcChannel(RpcAddress.Parse("grpc://" + address));
        await using RpcClientCall call = channel.Open(Write, null, token);
        await call.WriteAsync(new WriteRequest { ResourceName = $"uploads/{Guid.NewGuid()}/blobs/{LargeHash}/{Large.Length}", Data = ByteString.CopyFrom(Large), FinishWrite = true });
        await call.CompleteRequestsAsync();
        await call.ReadAsync<WriteResponse>();
    }
}
