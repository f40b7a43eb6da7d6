using System.Runtime.CompilerServices;
using Google.Protobuf;

namespace RemoteExec.Rpc.Client;

/// <summary>
/// Calls one gRPC server over HTTP/2, or one of several that are as good as each other. Thread-safe; connects at the first call and again when the connection
/// breaks.
/// </summary>
/// <remarks>
/// With several servers calls go to one of them as long as it answers; a call that ends with UNAVAILABLE sends those that follow to the next in the list, and after
/// the last comes the first. The call itself is not repeated.
/// </remarks>
public sealed class RpcChannel : IAsyncDisposable
{
    private readonly RpcPeer[] peers;
    private readonly RpcChannelOptions options;
    private readonly CancellationTokenSource closing = new();
    private int current; // the index of the peer that calls go to

    /// <summary>Makes a channel to one server; nothing is connected yet.</summary>
    public RpcChannel(RpcAddress address, RpcChannelOptions? options = null)
        : this([address], options)
    {
    }

    /// <summary>Makes a channel to several servers; nothing is connected yet.</summary>
    public RpcChannel(IReadOnlyList<RpcAddress> addresses, RpcChannelOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfZero(addresses.Count);
        this.options = options ?? new RpcChannelOptions();
        peers = [.. addresses.Select(address => new RpcPeer(address, this.options))];
    }

    /// <summary>The server that calls go to now.</summary>
    public RpcAddress Address => peers[Volatile.Read(ref current)].Address;

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
        Start(method, FramedContent.Of(request), callOptions, cancellationToken);

    /// <summary>Sends the only request of a call, encoded by the caller, who reads encoded responses as well.</summary>
    /// <param name="method"><c>/package.Service/Method</c>.</param>
    /// <param name="frame">The message behind its <see cref="Framing.MessagePrefix"/>: borrowed until the call has ended with OK; a call that has not may still be sending it.</param>
    /// <param name="callOptions">What is special about the call.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public RpcClientCall SendFrame(string method, ReadOnlyMemory<byte> frame, RpcCallOptions? callOptions, CancellationToken cancellationToken) =>
        Start(method, FramedContent.Of(frame), callOptions, cancellationToken);

    /// <summary>Opens a call whose requests the caller writes one by one: client streams and streams both ways.</summary>
    public RpcClientCall Open(string method, RpcCallOptions? callOptions, CancellationToken cancellationToken) =>
        Start(method, new StreamedContent(), callOptions, cancellationToken);

    /// <summary>Closes the connections; calls under way end with an error.</summary>
    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        foreach (RpcPeer peer in peers)
            peer.Dispose();
    }

    private RpcClientCall Start(string method, HttpContent content, RpcCallOptions? callOptions, CancellationToken cancellationToken)
    {
        int index = Volatile.Read(ref current);
        return new RpcClientCall(
            peers[index], method, content, options, callOptions ?? RpcCallOptions.Default, () => MoveOnFrom(index), closing.Token, cancellationToken);
    }

    // Calls fail together when a server goes: only the first of them moves on.
    private void MoveOnFrom(int index) => Interlocked.CompareExchange(ref current, (index + 1) % peers.Length, index);
}
