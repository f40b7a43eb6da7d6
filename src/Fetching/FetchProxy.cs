using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace RemoteExec.Fetching;

/// <summary>
/// A proxy on this machine through which another program fetches: it connects to where something may be fetched from, and to nowhere else, and lets through so many bytes. It carries TLS alone, which ends at the other end; who uses it
/// has to know its secret.
/// </summary>
public sealed class FetchProxy : IAsyncDisposable
{
    private const string User = "fetch";
    private const int BufferBytes = 64 * 1024;
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly string secret = RandomNumberGenerator.GetHexString(32, lowercase: true);
    private readonly FetchableAddresses addresses;
    private readonly long maxBytes;
    private readonly Lock gate = new(); // guards the connections, and the failure
    private readonly HashSet<Task> connections = [];
    private readonly Task accepting;
    private FetchFailedException? failure;
    private long received;

    /// <summary>Begins to listen.</summary>
    /// <param name="addresses">Where it connects to.</param>
    /// <param name="maxBytes">How much may come from there, in all.</param>
    public FetchProxy(FetchableAddresses addresses, long maxBytes)
    {
        (this.addresses, this.maxBytes) = (addresses, maxBytes);
        listener.Start();
        Address = $"http://{User}:{secret}@{listener.LocalEndpoint}";
        accepting = AcceptAsync();
    }

    /// <summary>How it is written where programs are told of a proxy: with its secret.</summary>
    public string Address { get; }

    /// <summary>Why a connection was not made, or was ended; null as long as all is well.</summary>
    public FetchFailedException? Failure
    {
        get
        {
            lock (gate)
                return failure;
        }
    }

    /// <summary>Ends all connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await accepting;
        Task[] last;
        lock (gate)
            last = [.. connections];
        await Task.WhenAll(last);
        stop.Dispose();
        listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            Socket client;
            try
            {
                client = await listener.AcceptSocketAsync(stop.Token);
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }

            lock (gate)
            {
                connections.RemoveWhere(connection => connection.IsCompleted);
                connections.Add(ServeAsync(client));
            }
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        await Task.Yield(); // out of the lock
        await using var client = new NetworkStream(socket, ownsSocket: true);
        try
        {
            if (await ProxyRequest.ReadAsync(client, stop.Token) is not { } request)
                await AnswerAsync(client, "400 Bad Request");
            else if (!CryptographicOperations.FixedTimeEquals(Encoding.Latin1.GetBytes(request.Authorization), Encoding.Latin1.GetBytes($"Basic {Convert.ToBase64String(Encoding.Latin1.GetBytes($"{User}:{secret}"))}")))
                await AnswerAsync(client, "407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"fetch\"");
            else if (await TryConnectAsync(request) is { } server)
                await CarryAsync(client, server);
            else
                await AnswerAsync(client, "403 Forbidden");
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException)
        {
            // The client finds that out itself.
        }
    }

    private async Task<NetworkStream?> TryConnectAsync(ProxyRequest request)
    {
        try
        {
            return new NetworkStream(await CheckedConnection.OpenAsync(addresses, request.Host, request.Port, isLocalOnly: false, stop.Token), ownsSocket: true);
        }
        catch (FetchFailedException exception)
        {
            Fail(exception);
        }
        catch (SocketException exception)
        {
            bool isUnknown = exception.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData;
            Fail(new FetchFailedException($"{request.Host} can't be reached: {exception.Message}", exception) { Failure = isUnknown ? FetchFailure.Absent : FetchFailure.Unavailable });
        }

        return null;
    }

    private async Task CarryAsync(NetworkStream client, NetworkStream server)
    {
        await using (server)
        {
            await AnswerAsync(client, "200 Connection established");
            using var end = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
            Task there = client.CopyToAsync(server, BufferBytes, end.Token), back = ReturnAsync(server, client, end.Token);
            await Task.WhenAny(there, back);
            await end.CancelAsync();
            await there.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await back.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ReturnAsync(NetworkStream server, NetworkStream client, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[BufferBytes];
        for (int read; (read = await server.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            if (Interlocked.Add(ref received, read) > maxBytes)
            {
                Fail(new FetchFailedException($"there are more than the {maxBytes} bytes that are fetched") { Failure = FetchFailure.TooLong });
                return;
            }

            await client.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
    }

    private void Fail(FetchFailedException exception)
    {
        lock (gate)
            failure ??= exception;
    }

    private Task AnswerAsync(NetworkStream client, string answer) => client.WriteAsync(Encoding.Latin1.GetBytes($"HTTP/1.1 {answer}\r\n\r\n"), stop.Token).AsTask();
}
