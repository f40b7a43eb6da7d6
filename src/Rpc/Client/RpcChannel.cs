using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Google.Protobuf;

namespace RemoteExec.Rpc.Client;

/// <summary>Calls one gRPC server over HTTP/2. Thread-safe; connects at the first call and again when the connection breaks.</summary>
public sealed class RpcChannel : IAsyncDisposable
{
    private const int StreamWindow = 8 * 1024 * 1024;
    private readonly HttpMessageInvoker invoker;
    private readonly RpcChannelOptions options;
    private readonly CancellationTokenSource closing = new();

    /// <summary>Makes a channel; nothing is connected yet.</summary>
    public RpcChannel(RpcAddress address, RpcChannelOptions? options = null)
    {
        Address = address;
        this.options = options ?? new RpcChannelOptions();
        var handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            InitialHttp2StreamWindowSize = StreamWindow,
            KeepAlivePingDelay = this.options.KeepAlive,
            KeepAlivePingTimeout = this.options.KeepAlive,
            ConnectTimeout = this.options.ConnectTimeout,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ActivityHeadersPropagator = System.Diagnostics.DistributedContextPropagator.CreateDefaultPropagator(),
        };
        if (this.options.Ssl is { } ssl)
            handler.SslOptions = ssl;
        if (address.SocketPath is { } path)
            handler.ConnectCallback = (_, cancellationToken) => ConnectAsync(path, cancellationToken);
        invoker = new HttpMessageInvoker(handler);
    }

    /// <summary>The server.</summary>
    public RpcAddress Address { get; }

    /// <summary>Calls a unary method, <c>/package.Service/Method</c>.</summary>
    /// <exception cref="RpcException">The call ended with another status than OK.</exception>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public async Task<TResponse> UnaryAsync<TRequest, TResponse>(
        string method, TRequest request, CancellationToken cancellationToken, RpcCallOptions? callOptions = null)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new()
    {
        await using RpcClientCall call = Send(method, request, callOptions, cancellationToken);
        TResponse? response = await call.ReadAsync<TResponse>();
        if (response is null || await call.ReadAsync<TResponse>() is not null)
            throw new RpcException(StatusCode.Internal, $"{method} did not answer exactly one message");
        return response;
    }

    /// <summary>Calls a method that answers with a stream.</summary>
    /// <exception cref="RpcException">The call ended with another status than OK.</exception>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public async IAsyncEnumerable<TResponse> ServerStreamAsync<TRequest, TResponse>(
        string method, TRequest request, [EnumeratorCancellation] CancellationToken cancellationToken, RpcCallOptions? callOptions = null)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new()
    {
        await using RpcClientCall call = Send(method, request, callOptions, cancellationToken);
        while (await call.ReadAsync<TResponse>() is { } response)
            yield return response;
    }

    /// <summary>Sends the only request of a call and lets the caller read encoded responses.</summary>
    public RpcClientCall Send<TRequest>(string method, TRequest request, RpcCallOptions? callOptions, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest> =>
        new(invoker, Address, method, FramedContent.Of(request), options, callOptions ?? RpcCallOptions.Default, closing.Token, cancellationToken);

    /// <summary>Sends the only request of a call, encoded by the caller, who reads encoded responses as well.</summary>
    /// <param name="method"><c>/package.Service/Method</c>.</param>
    /// <param name="frame">The message behind its <see cref="Framing.MessagePrefix"/>: borrowed until the call has ended with OK; a call that has not may still be sending it.</param>
    /// <param name="callOptions">What is special about the call.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public RpcClientCall SendFrame(string method, ReadOnlyMemory<byte> frame, RpcCallOptions? callOptions, CancellationToken cancellationToken) =>
        new(invoker, Address, method, FramedContent.Of(frame), options, callOptions ?? RpcCallOptions.Default, closing.Token, cancellationToken);

    /// <summary>Opens a call whose requests the caller writes one by one: client streams and streams both ways.</summary>
    public RpcClientCall Open(string method, RpcCallOptions? callOptions, CancellationToken cancellationToken) =>
        new(invoker, Address, method, new StreamedContent(), options, callOptions ?? RpcCallOptions.Default, closing.Token, cancellationToken);

    /// <summary>Closes the connections; calls under way end with an error.</summary>
    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        invoker.Dispose();
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
