using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RemoteExec.TestKit;

/// <summary>
/// Stands between an HTTP/1.1 client and its server on this machine, and notes the first line of every request; so a test knows what really was asked. It can be taken down and up
/// again at the same address.
/// </summary>
public sealed class HttpRelay : IAsyncDisposable
{
    private const int LongestHead = 64 << 10;
    private readonly IPEndPoint server;
    private readonly ConcurrentQueue<string> requests = new();
    private readonly ConcurrentBag<Task> serving = [];
    private readonly CancellationTokenSource ending = new();
    private CancellationTokenSource down = new();
    private readonly Socket place = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp); // keeps the port while nobody listens
    private TcpListener listener;
    private Task accepting;

    public HttpRelay(int serverPort)
    {
        server = new IPEndPoint(IPAddress.Loopback, serverPort);
        place.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        place.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Port = ((IPEndPoint)place.LocalEndPoint!).Port;
        listener = Listen();
        accepting = AcceptAsync(listener, down.Token);
    }

    /// <summary>Where it listens.</summary>
    public int Port { get; }

    /// <summary>The method and the target of every request so far.</summary>
    public IReadOnlyList<string> Requests => [.. requests];

    /// <summary>How many requests of a method there were.</summary>
    public int Count(string method) => requests.Count(request => request.StartsWith(method + " ", StringComparison.Ordinal));

    /// <summary>Forgets the requests so far.</summary>
    public void Clear() => requests.Clear();

    /// <summary>Refuses connections, and breaks those there are.</summary>
    public async Task TakeDownAsync()
    {
        listener.Stop();
        await down.CancelAsync();
        await accepting;
        await Task.WhenAll(serving);
    }

    /// <summary>Listens again.</summary>
    public void TakeUp()
    {
        down = new CancellationTokenSource();
        listener = Listen();
        accepting = AcceptAsync(listener, down.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        await TakeDownAsync();
        place.Dispose();
        ending.Dispose();
        down.Dispose();
    }

    private TcpListener Listen()
    {
        var made = new TcpListener(IPAddress.Loopback, Port);
        made.Server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        made.Start();
        return made;
    }

    private async Task AcceptAsync(TcpListener on, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
                serving.Add(ServeAsync(await on.AcceptSocketAsync(cancellationToken), cancellationToken));
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Taken down.
        }
    }

    private async Task ServeAsync(Socket client, CancellationToken cancellationToken)
    {
        using var upstream = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        try
        {
            await upstream.ConnectAsync(server, cancellationToken);
            using var one = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task there = CopyRequestsAsync(client, upstream, one.Token), back = CopyAsync(upstream, client, one.Token);
            await Task.WhenAny(there, back);
            await one.CancelAsync();
            await Task.WhenAll(there, back);
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException)
        {
            // One of the two has hung up.
        }
        finally
        {
            client.Dispose();
        }
    }

    private static async Task CopyAsync(Socket from, Socket to, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 << 10];
        for (int read = await from.ReceiveAsync(buffer, cancellationToken); read > 0; read = await from.ReceiveAsync(buffer, cancellationToken))
            await SendAsync(to, buffer.AsMemory(0, read), cancellationToken);
    }

    private async Task CopyRequestsAsync(Socket from, Socket to, CancellationToken cancellationToken)
    {
        var buffer = new byte[2 * LongestHead];
        int filled = 0;
        long body = 0;
        while (true)
        {
            int read = await from.ReceiveAsync(buffer.AsMemory(filled), cancellationToken);
            if (read == 0)
                return;
            await SendAsync(to, buffer.AsMemory(filled, read), cancellationToken);
            filled += read;
            filled = Take(buffer.AsSpan(0, filled), ref body);
        }
    }

    /// <summary>Notes the requests that begin in some bytes, and returns how many bytes at their end belong to a head that is not complete, which it moves to the start.</summary>
    private int Take(Span<byte> bytes, ref long body)
    {
        Span<byte> rest = bytes;
        while (true)
        {
            int skipped = (int)Math.Min(body, rest.Length);
            body -= skipped;
            rest = rest[skipped..];
            int end = rest.IndexOf("\r\n\r\n"u8);
            if (end < 0)
            {
                rest.CopyTo(bytes);
                return rest.Length;
            }

            body = Note(Encoding.ASCII.GetString(rest[..end]));
            rest = rest[(end + 4)..];
        }
    }

    private long Note(string head)
    {
        string[] lines = head.Split("\r\n");
        requests.Enqueue(lines[0][..lines[0].LastIndexOf(' ')]);
        string? length = lines.FirstOrDefault(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
        return length is null ? 0 : long.Parse(length.AsSpan("Content-Length:".Length), System.Globalization.CultureInfo.InvariantCulture);
    }

    private static async Task SendAsync(Socket to, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await to.SendAsync(bytes, cancellationToken)..];
    }
}
