using System.Net.Sockets;

namespace RemoteExec.Rpc.Client;

/// <summary>One of the servers that a channel may call, and the connections to it.</summary>
internal sealed class RpcPeer : IDisposable
{
    private const int StreamWindow = 8 * 1024 * 1024;

    /// <summary>Makes it; nothing is connected yet.</summary>
    public RpcPeer(RpcAddress address, RpcChannelOptions options)
    {
        Address = address;
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
        if (options.Ssl is { } ssl)
            handler.SslOptions = ssl;
        if (address.SocketPath is { } path)
            handler.ConnectCallback = (_, cancellationToken) => ConnectAsync(path, cancellationToken);
        Invoker = new HttpMessageInvoker(handler);
    }

    /// <summary>Where it is.</summary>
    public RpcAddress Address { get; }

    /// <summary>Sends requests to it.</summary>
    public HttpMessageInvoker Invoker { get; }

    /// <summary>Closes the connections.</summary>
    public void Dispose() => Invoker.Dispose();

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
