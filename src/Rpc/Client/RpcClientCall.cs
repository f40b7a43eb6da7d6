using System.IO.Pipelines;
using System.Net;
using Google.Protobuf;
using RemoteExec.Rpc.Framing;

namespace RemoteExec.Rpc.Client;

/// <summary>
/// One call under way: requests are written, responses read, both possibly encoded by hand. Reading and writing may go on at the same
/// time, each from one caller. Disposing a call that has not ended cancels it.
/// </summary>
public sealed class RpcClientCall : IAsyncDisposable
{
    private const int ReadBufferBytes = 64 * 1024;
    private readonly string method;
    private readonly RpcChannelOptions options;
    private readonly HttpContent content;
    private readonly CancellationTokenSource cancellation;
    private readonly CancellationToken callerToken;
    private readonly bool hasTimeout;
    private readonly Task<HttpResponseMessage> response;
    private MessageReader? reader;
    private PipeReader? body;
    private MessageWriter? writer;

    internal RpcClientCall(
        HttpMessageInvoker invoker, RpcAddress address, string method, HttpContent content,
        RpcChannelOptions options, RpcCallOptions callOptions, CancellationToken cancellationToken)
    {
        this.method = method;
        this.options = options;
        this.content = content;
        callerToken = cancellationToken;
        cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(address.BaseUri, method))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        request.Headers.TE.ParseAdd("trailers");
        AddHeaders(request, options.Headers);
        AddHeaders(request, callOptions.Headers);
        if (callOptions.Timeout is { } timeout)
        {
            hasTimeout = true;
            request.Headers.TryAddWithoutValidation("grpc-timeout", RpcTimeout.Format(timeout));
            cancellation.CancelAfter(timeout);
        }

        response = SendAsync(invoker, request);
    }

    /// <summary>The response headers; waits for them.</summary>
    public async Task<RpcMetadata> GetResponseHeadersAsync() => ToMetadata((await TranslateAsync(response)).Headers);

    /// <summary>Trailers beyond the status; complete once the responses were read to their end.</summary>
    public RpcMetadata ResponseTrailers { get; private set; } = [];

    /// <summary>Waits until the request is under way, then gives the way to write encoded requests.</summary>
    public async ValueTask<MessageWriter> GetRequestsAsync()
    {
        if (writer is null)
        {
            var streamed = content as StreamedContent ?? throw new InvalidOperationException("the only request of this call is sent already");
            writer = new MessageWriter(await TranslateAsync(streamed.Writer), () => ValueTask.CompletedTask);
        }

        return writer;
    }

    /// <summary>Writes and sends one request.</summary>
    /// <exception cref="RpcException">The call has ended with an error.</exception>
    public async ValueTask WriteAsync(IMessage request)
    {
        await (await GetRequestsAsync()).WriteAsync(request);
        await FlushAsync();
    }

    /// <summary>Sends what was written, waiting while the server's window is closed.</summary>
    /// <exception cref="RpcException">The call has ended with an error.</exception>
    public async ValueTask FlushAsync()
    {
        MessageWriter requests = await GetRequestsAsync();
        await TranslateAsync(FlushToServerAsync());

        async Task<bool> FlushToServerAsync()
        {
            await requests.FlushAsync(cancellation.Token);
            return true;
        }
    }

    /// <summary>Half-closes the call: no more requests.</summary>
    public async ValueTask CompleteRequestsAsync()
    {
        if (content is not StreamedContent streamed)
            return;
        _ = await GetRequestsAsync();
        streamed.Finish();
    }

    /// <summary>Moves to the next encoded response, in <see cref="Response"/>; false after an OK end.</summary>
    /// <exception cref="RpcException">The call ended with another status than OK.</exception>
    /// <exception cref="OperationCanceledException">The caller's token fired.</exception>
    public async ValueTask<bool> MoveNextAsync()
    {
        reader ??= await OpenBodyAsync();
        if (reader is not null && await TranslateAsync(reader.MoveNextAsync(cancellation.Token).AsTask()))
            return true;

        HttpResponseMessage message = await TranslateAsync(response);
        RpcMetadata trailers = ToMetadata(message.TrailingHeaders);
        ResponseTrailers = trailers;
        RpcStatus status = trailers.Get(Trailers.Status) is not null ? Trailers.Decode(trailers) : Trailers.Decode(ToMetadata(message.Headers));
        return status.Code == StatusCode.Ok ? false : throw new RpcException(status);
    }

    /// <summary>The encoded response that <see cref="MoveNextAsync"/> found: borrowed, valid until its next call.</summary>
    public System.Buffers.ReadOnlySequence<byte> Response => reader?.Current ?? default;

    /// <summary>Reads the next response; null after an OK end.</summary>
    /// <exception cref="RpcException">The call ended with another status than OK.</exception>
    public async ValueTask<T?> ReadAsync<T>()
        where T : class, IMessage<T>, new()
    {
        if (!await MoveNextAsync())
            return null;
        var message = new T();
        message.MergeFrom(Response);
        reader!.Release();
        return message;
    }

    /// <summary>Ends the call; cancels it if it has not ended.</summary>
    public async ValueTask DisposeAsync()
    {
        await cancellation.CancelAsync();
        (content as StreamedContent)?.Fail(new OperationCanceledException("the call was disposed"));
        if (body is not null)
        {
            reader?.Release();
            await body.CompleteAsync();
        }

        try
        {
            (await response).Dispose();
        }
        catch (Exception exception) when (exception is RpcException or OperationCanceledException or HttpRequestException)
        {
            // The caller has seen this error, or has given the call up by disposing it.
            _ = exception;
        }

        cancellation.Dispose();
    }

    private static void AddHeaders(HttpRequestMessage request, RpcMetadata? headers)
    {
        foreach ((string key, string value) in headers ?? [])
            request.Headers.TryAddWithoutValidation(key, value);
    }

    private static RpcMetadata ToMetadata(System.Net.Http.Headers.HttpResponseHeaders headers)
    {
        var metadata = new RpcMetadata();
        foreach ((string key, System.Net.Http.Headers.HeaderStringValues values) in headers.NonValidated)
        {
            foreach (string value in values)
                metadata.Add(key, value);
        }

        return metadata;
    }

    private static RpcStatus StatusOfHttp(HttpStatusCode code) => new(
        code switch
        {
            HttpStatusCode.BadRequest => StatusCode.Internal,
            HttpStatusCode.Unauthorized => StatusCode.Unauthenticated,
            HttpStatusCode.Forbidden => StatusCode.PermissionDenied,
            HttpStatusCode.NotFound => StatusCode.Unimplemented,
            HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => StatusCode.Unavailable,
            _ => StatusCode.Unknown,
        },
        $"the server answered HTTP {(int)code}: is this a gRPC port?");

    private async Task<HttpResponseMessage> SendAsync(HttpMessageInvoker invoker, HttpRequestMessage request)
    {
        try
        {
            return await invoker.SendAsync(request, cancellation.Token);
        }
        catch (Exception exception)
        {
            (content as StreamedContent)?.Fail(exception);
            throw;
        }
    }

    private async Task<MessageReader?> OpenBodyAsync()
    {
        HttpResponseMessage message = await TranslateAsync(response);
        if (message.StatusCode != HttpStatusCode.OK)
            throw new RpcException(StatusOfHttp(message.StatusCode));
        body = PipeReader.Create(
            await message.Content.ReadAsStreamAsync(cancellation.Token), new StreamPipeReaderOptions(bufferSize: ReadBufferBytes));
        return new MessageReader(body, options.MaxResponseMessageBytes);
    }

    private async Task<T> TranslateAsync<T>(Task<T> task)
    {
        try
        {
            return await task;
        }
        catch (Exception exception) when (exception is OperationCanceledException && callerToken.IsCancellationRequested)
        {
            throw new OperationCanceledException($"{method} was cancelled", exception, callerToken);
        }
        catch (OperationCanceledException exception) when (hasTimeout && cancellation.IsCancellationRequested)
        {
            throw new RpcException(new RpcStatus(StatusCode.DeadlineExceeded, $"{method} took longer than its timeout"), exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw new RpcException(new RpcStatus(StatusCode.Unavailable, $"{method}: {exception.Message}"), exception);
        }
    }
}
