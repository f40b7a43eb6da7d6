using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using RemoteExec.Rpc.Framing;

namespace RemoteExec.Rpc.Client;

/// <summary>
/// One call under way: requests are written, responses read, both possibly encoded by hand. Reading and writing may go on at the same
/// time, each from one caller. Disposing a call that has not ended cancels it; dispose only when neither is going on.
/// </summary>
/// <remarks>
/// A server may end a call before it has read all requests, well or badly. So writing tells only that the call has ended, by false; reading tells
/// how, by a response, an end or an <see cref="RpcException"/>.
/// </remarks>
public sealed class RpcClientCall : IAsyncDisposable
{
    private const int ReadBufferBytes = 64 * 1024;
    private readonly RpcAddress address;
    private readonly string method;
    private readonly RpcChannelOptions options;
    private readonly StreamedContent? streamed;
    private readonly CancellationTokenSource cancellation;
    private readonly CancellationToken callerToken;
    private readonly CancellationToken closed;
    private readonly Action unavailable;
    private readonly Task<HttpResponseMessage> response;
    private readonly Activity? span;
    private MessageReader? reader;
    private PipeReader? body;
    private PipeWriter? pipe;
    private MessageWriter? writer;
    private bool requestsEnded;
    private bool pipeCompleted;
    private bool disposed;
    private RpcStatus? ended; // how, once that is known

    internal RpcClientCall(
        RpcPeer peer, string method, HttpContent content, RpcChannelOptions options, RpcCallOptions callOptions, Action unavailable,
        CancellationToken closed, CancellationToken cancellationToken)
    {
        address = peer.Address;
        this.unavailable = unavailable;
        this.method = method;
        this.options = options;
        this.closed = closed;
        streamed = content as StreamedContent;
        callerToken = cancellationToken;
        cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, closed);
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(address.BaseUri, method))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        request.Headers.TryAddWithoutValidation("te", "trailers");
        request.Headers.Host = options.ServerName; // the handler compares certificates with this
        AddHeaders(request, options.Headers);
        if (callOptions.Headers?.Get("authorization") is null && options.Authorization?.Invoke() is { } authorization)
            request.Headers.TryAddWithoutValidation("authorization", authorization);
        AddHeaders(request, options.MoreHeaders?.Invoke());
        AddHeaders(request, callOptions.Headers);
        if (callOptions.Timeout is { } timeout)
        {
            request.Headers.TryAddWithoutValidation("grpc-timeout", RpcTimeout.Format(timeout));
            cancellation.CancelAfter(timeout);
        }

        span = RpcTracing.BeginCalling(method, address.BaseUri, request.Headers);
        response = SendAsync(peer.Invoker, request);
    }

    /// <summary>Trailers beyond the status; complete once the responses were read to their end.</summary>
    public RpcMetadata ResponseTrailers { get; private set; } = [];

    /// <summary>The encoded response that <see cref="MoveNextAsync"/> found: borrowed, valid until its next call.</summary>
    public ReadOnlySequence<byte> Response => reader?.Current ?? default;

    /// <summary>The response headers; waits for them.</summary>
    /// <exception cref="RpcException">The call failed before them.</exception>
    /// <exception cref="OperationCanceledException">The caller's token fired.</exception>
    public async Task<RpcMetadata> GetResponseHeadersAsync() => ToMetadata((await GetResponseAsync()).Headers);

    /// <summary>Waits until the request is under way, then gives the way to write encoded requests; send them by <see cref="FlushAsync"/>.</summary>
    /// <exception cref="RpcException">It never got under way.</exception>
    /// <exception cref="OperationCanceledException">The caller's token fired.</exception>
    public async ValueTask<MessageWriter> GetRequestsAsync()
    {
        if (await FindRequestsAsync() is { } requests)
            return requests;
        _ = await GetResponseAsync();
        throw new InvalidOperationException($"{method}: the call was disposed");
    }

    /// <summary>Writes and sends one request; false if the call has ended: read the responses to learn how.</summary>
    /// <exception cref="OperationCanceledException">The caller's token fired.</exception>
    public async ValueTask<bool> WriteAsync(IMessage request)
    {
        if (requestsEnded || await FindRequestsAsync() is not { } requests)
            return EndRequests();
        requests.Write(request);
        return await FlushAsync();
    }

    /// <summary>
    /// Sends what was written, waiting while the server's window is closed; false if the call has ended: read the responses to learn how.
    /// </summary>
    /// <exception cref="OperationCanceledException">The caller's token fired.</exception>
    public async ValueTask<bool> FlushAsync()
    {
        if (requestsEnded || writer is null)
            return EndRequests();
        try
        {
            await writer.FlushAsync(cancellation.Token);
            return true;
        }
        catch (Exception exception) when (IsFailure(exception) || exception is ObjectDisposedException)
        {
            // HttpClient disposes the request's stream when the server has ended the call.
            return EndRequests();
        }
    }

    /// <summary>Sends what was written and half-closes the call: no more requests. Does nothing if the call has ended.</summary>
    /// <exception cref="OperationCanceledException">The caller's token fired.</exception>
    public async ValueTask CompleteRequestsAsync()
    {
        if (streamed is null || await FindRequestsAsync() is null || !await FlushAsync())
            return;
        requestsEnded = pipeCompleted = true;
        await pipe!.CompleteAsync();
        streamed.Finish();
    }

    /// <summary>Moves to the next encoded response, in <see cref="Response"/>; false after an OK end.</summary>
    /// <exception cref="RpcException">The call ended with another status than OK.</exception>
    /// <exception cref="OperationCanceledException">The caller's token fired.</exception>
    public async ValueTask<bool> MoveNextAsync()
    {
        HttpResponseMessage answer = await GetResponseAsync();
        try
        {
            reader ??= await OpenAsync(answer);
            if (await reader.MoveNextAsync(cancellation.Token))
                return true;
        }
        catch (Exception exception) when (IsFailure(exception))
        {
            throw Translate(exception);
        }

        RpcMetadata trailers = ToMetadata(answer.TrailingHeaders);
        ResponseTrailers = trailers.Get(Trailers.Status) is null ? ToMetadata(answer.Headers) : trailers;
        RpcStatus status = Trailers.Decode(ResponseTrailers);
        ended = status;
        if (status.Code == StatusCode.Ok)
            return false;
        if (status.Code == StatusCode.Unavailable)
            unavailable();
        throw new RpcException(status);
    }

    /// <summary>Reads the next response; null after an OK end.</summary>
    /// <exception cref="RpcException">The call ended with another status than OK, or the response is no <typeparamref name="T"/> (INTERNAL).</exception>
    /// <exception cref="OperationCanceledException">The caller's token fired.</exception>
    public async ValueTask<T?> ReadAsync<T>()
        where T : class, IMessage<T>, new()
    {
        if (!await MoveNextAsync())
            return null;
        var message = new T();
        try
        {
            message.MergeFrom(Response);
        }
        catch (Exception exception) when (ParserFault.IsMalformed(exception))
        {
            throw new RpcException(new RpcStatus(StatusCode.Internal, $"the response of {method} is no valid {typeof(T).Name}: {exception.Message}"), exception);
        }

        reader!.Release();
        return message;
    }

    /// <summary>Ends the call; cancels it if it has not ended.</summary>
    public async ValueTask DisposeAsync()
    {
        if (disposed)
            return;
        disposed = true;
        RpcTracing.End(span, ended ?? new RpcStatus(StatusCode.Cancelled, "the caller gave the call up"));
        span?.Dispose();
        await cancellation.CancelAsync();
        if (pipe is not null && !pipeCompleted)
            await pipe.CompleteAsync(new OperationCanceledException("the call was disposed")); // drops what was not sent
        streamed?.Abort();
        if (body is not null)
        {
            reader!.Release();
            await body.CompleteAsync();
        }

        try
        {
            (await response).Dispose();
        }
        catch (Exception exception) when (IsFailure(exception))
        {
            // The caller has seen this failure, or has given the call up by disposing it.
        }

        cancellation.Dispose();
    }

    private static bool IsFailure(Exception exception) => exception is OperationCanceledException or HttpRequestException or IOException;

    private static void AddHeaders(HttpRequestMessage request, RpcMetadata? headers)
    {
        foreach ((string key, string value) in headers ?? [])
            request.Headers.TryAddWithoutValidation(key, value);
    }

    private static RpcMetadata ToMetadata(HttpResponseHeaders headers)
    {
        var metadata = new RpcMetadata();
        foreach ((string key, HeaderStringValues values) in headers.NonValidated)
        {
            foreach (string value in values)
                metadata.Add(key, value);
        }

        return metadata;
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMessageInvoker invoker, HttpRequestMessage request)
    {
        try
        {
            return await invoker.SendAsync(request, cancellation.Token);
        }
        catch
        {
            streamed?.Abort(); // a writer must not wait for a way to the server any more
            throw;
        }
    }

    private async ValueTask<MessageWriter?> FindRequestsAsync()
    {
        if (writer is not null)
            return writer;
        if (streamed is null)
            throw new InvalidOperationException("the only request of this call is sent already");
        pipe = await streamed.Writer;
        return pipe is null ? null : writer = new MessageWriter(pipe);
    }

    /// <summary>Notes that no more requests can be sent; throws if that is because the caller gave up.</summary>
    private bool EndRequests()
    {
        requestsEnded = true;
        ThrowIfCallerCancelled(null);
        return false;
    }

    private async Task<HttpResponseMessage> GetResponseAsync()
    {
        try
        {
            return await response;
        }
        catch (Exception exception) when (IsFailure(exception))
        {
            throw Translate(exception);
        }
    }

    private async Task<MessageReader> OpenAsync(HttpResponseMessage answer)
    {
        if (answer.StatusCode != HttpStatusCode.OK)
            throw Translate(answer.StatusCode);
        if (answer.Content.Headers.ContentType is not { MediaType: "application/grpc" or "application/grpc+proto" } and var type)
            throw new RpcException(StatusCode.Unknown, $"{address} answered {type?.ToString() ?? "no content type"}: is this a gRPC port?");
        body = PipeReader.Create(
            await answer.Content.ReadAsStreamAsync(cancellation.Token), new StreamPipeReaderOptions(bufferSize: ReadBufferBytes));
        return new MessageReader(body, options.MaxResponseMessageBytes);
    }

    private RpcException Translate(HttpStatusCode code)
    {
        RpcStatus status = RpcFailure.OfHttp(code, address);
        ended = status;
        if (status.Code == StatusCode.Unavailable)
            unavailable();
        return new RpcException(status);
    }

    private RpcException Translate(Exception exception)
    {
        ThrowIfCallerCancelled(exception);
        if (closed.IsCancellationRequested)
            return new RpcException(new RpcStatus(StatusCode.Cancelled, $"{method}: the channel to {address} was closed"), exception);
        if (cancellation.IsCancellationRequested)
            return new RpcException(ended = new RpcStatus(StatusCode.DeadlineExceeded, $"{method} took longer than its timeout"), exception);
        RpcStatus status = RpcFailure.Of(exception, address);
        ended = status;
        if (status.Code == StatusCode.Unavailable)
            unavailable();
        return new RpcException(status with { Message = $"{method}: {status.Message}" }, exception);
    }

    private void ThrowIfCallerCancelled(Exception? cause)
    {
        if (callerToken.IsCancellationRequested)
            throw new OperationCanceledException($"{method} was cancelled", cause, callerToken);
    }
}
