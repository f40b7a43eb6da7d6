using System.Net.Security;
using System.Net.Sockets;

namespace RemoteExec.Rpc.Client;

/// <summary>One of the servers that a channel may call, and the connections to it.</summary>
internal sealed class RpcPeer : IDisposable
{
    private const int StreamWindow = 8 * 1024 * 1024;
    private readonly RpcChannelOptions options;
    private readonly Lock gate = new(); // guards the three below where settings change
    private HttpMessageInvoker invoker;
    private HttpMessageInvoker? previous; // calls may be under way
    private SslClientAuthenticationOptions? used;

    /// <summary>Makes it; nothing is connected yet.</summary>
    public RpcPeer(RpcAddress address, RpcChannelOptions options)
    {
        (Address, this.options) = (address, options);
        invoker = Make(used = options.ChangingSsl?.Invoke() ?? options.Ssl);
    }

    /// <summary>Where it is.</summary>
    public RpcAddress Address { get; }

    /// <summary>Sends requests to it; asked for before each.</summary>
    public HttpMessageInvoker Invoker => options.ChangingSsl is { } changing ? InvokerWith(changing()) : invoker;

    /// <summary>Closes the connections.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            invoker.Dispose();
            previous?.Dispose();
        }
    }

    private HttpMessageInvoker InvokerWith(SslClientAuthenticationOptions ssl)
    {
        lock (gate)
        {
            if (ReferenceEquals(ssl, used))
                return invoker;
            previous?.Dispose();
            (previous, invoker, used) = (invoker, Make(ssl), ssl);
            return invoker;
        }
    }

    private HttpMessageInvoker Make(SslClientAuthenticationOptions? ssl)
    {
        var handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            InitialHttp2StreamWindowSize = StreamWindow,
            KeepAlivePingDelay = options.KeepAlive,
            KeepAlivePingTimeout = options.KeepAlive,
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ActivityHeadersPropagator = null, // the call has a span of its own, and tells of it
        };
        if (ssl is not null)
            handler.SslOptions = ssl;
        if (Address.SocketPath is { } path)
            handler.ConnectCallback = (_, cancellationToken) => ConnectAsync(path, cancellationToken);
        return new HttpMessageInvoker(handler);
    }

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
