using System.Net;
using System.Net.Sockets;

namespace RemoteExec.TestKit;

/// <summary>What a <see cref="FaultyLink"/> does with what passes.</summary>
public enum LinkState
{
    /// <summary>Everything passes.</summary>
    Up,

    /// <summary>As if nobody were there: connections are refused, and those that were open are reset.</summary>
    Down,

    /// <summary>As if the packets got lost: connections are taken and stay open, but nothing passes until the link is up again.</summary>
    Silent,
}

/// <summary>A TCP proxy on loopback that stands before a server and fails on demand.</summary>
public sealed class FaultyLink : IAsyncDisposable
{
    private readonly Func<string> target;
    private readonly CancellationTokenSource stopping = new();
    private readonly Lock gate = new(); // guards all below
    private readonly HashSet<Socket> open = [];
    private readonly List<Task> pumps = [];
    private TaskCompletionSource up = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Socket? listener;
    private Task accepting = Task.CompletedTask;
    private LinkState state;
    private long? passing;

    private FaultyLink(Func<string> target) => this.target = target;

    /// <summary>Where clients connect to; the same as long as the link exists.</summary>
    public IPEndPoint Address { get; private set; } = new(IPAddress.Loopback, 0);

    /// <summary>What passes now.</summary>
    public LinkState State => state;

    /// <summary>Starts a link that is up.</summary>
    /// <param name="address">The server, <c>host:port</c> with a numeric host.</param>
    public static FaultyLink Start(string address) => Start(() => address);

    /// <summary>Starts a link that is up, and leads to one server or another, as a balancer does.</summary>
    /// <param name="address">Says for each connection where it leads: <c>host:port</c> with a numeric host.</param>
    public static FaultyLink Start(Func<string> address)
    {
        var link = new FaultyLink(address);
        link.Set(LinkState.Up);
        return link;
    }

    /// <summary>Changes what passes, at once.</summary>
    public void Set(LinkState wanted)
    {
        List<Socket> broken = [];
        lock (gate)
        {
            state = wanted;
            if (wanted == LinkState.Up)
                up.TrySetResult();
            else if (up.Task.IsCompleted)
                up = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (wanted == LinkState.Down)
            {
                broken.AddRange(open);
                open.Clear();
                if (listener is not null)
                    broken.Add(listener);
                listener = null;
            }
            else if (listener is null)
            {
                Listen();
            }
        }

        foreach (Socket socket in broken)
            Reset(socket);
    }

    /// <summary>Lets some bytes pass, in either direction, and falls silent then.</summary>
    public void SetSilentAfter(long bytes)
    {
        lock (gate)
            passing = bytes;
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        Set(LinkState.Down);
        await accepting;
        Task[] all;
        lock (gate)
            all = [.. pumps];
        await Task.WhenAll(all);
        stopping.Dispose();
    }

    private void Listen()
    {
        listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ExclusiveAddressUse = false };
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(Address);
        listener.Listen();
        Address = (IPEndPoint)listener.LocalEndPoint!;
        accepting = AcceptAsync(listener);
    }

    private async Task AcceptAsync(Socket from)
    {
        try
        {
            while (true)
            {
                Socket client = await from.AcceptAsync(stopping.Token);
                lock (gate)
                    pumps.Add(ServeAsync(client));
            }
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The link went down, or the test is over.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using (client)
        using (var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true })
        {
            client.NoDelay = true;
            lock (gate)
            {
                open.Add(client);
                open.Add(server);
            }

            try
            {
                await Up();
                await server.ConnectAsync(IPEndPoint.Parse(target()), stopping.Token);
                await Task.WhenAll(PumpAsync(client, server), PumpAsync(server, client));
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                Reset(client); // as the other side sees it
            }
            finally
            {
                lock (gate)
                {
                    open.Remove(client);
                    open.Remove(server);
                }
            }
        }
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (true)
            {
                int count = await from.ReceiveAsync(buffer, stopping.Token);
                Count(count);
                await Up();
                if (count == 0)
                {
                    to.Shutdown(SocketShutdown.Send);
                    return;
                }

                for (int sent = 0; sent < count;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), stopping.Token);
            }
        }
        catch (SocketException)
        {
            Reset(from);
            Reset(to);
        }
    }

    private void Count(int bytes)
    {
        lock (gate)
        {
            passing -= bytes;
            if (passing >= 0 || passing is null)
                return;
            passing = null;
            Set(LinkState.Silent);
        }
    }

    private Task Up()
    {
        lock (gate)
            return state == LinkState.Up ? Task.CompletedTask : up.Task.WaitAsync(stopping.Token);
    }

    private static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // It is closed already, or was never connected.
        }

        socket.Dispose();
    }
}
