using System.Buffers;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace RemoteExec.Rpc.Server;

/// <summary>
/// The methods of one proto service and what handles them. Names, shapes and message types are checked against the proto descriptor
/// when they are mapped, so that a mistake ends the start of the server and not a call. Methods that are not mapped answer UNIMPLEMENTED (GEN-07).
/// </summary>
/// <param name="file">The generated descriptor of the .proto file.</param>
/// <param name="service">The service's name in that file, without the package.</param>
/// <param name="mapError">The feature's one mapping of its exceptions to a status; null for what it does not know.</param>
/// <exception cref="ArgumentException">The file has no such service.</exception>
public sealed class RpcService(FileDescriptor file, string service, Func<Exception, RpcStatus?>? mapError = null)
{
    private readonly Dictionary<string, RpcMethod> methods = new(StringComparer.Ordinal);

    /// <summary>The service's descriptor.</summary>
    public ServiceDescriptor Descriptor { get; } =
        file.FindTypeByName<ServiceDescriptor>(service) ?? throw new ArgumentException($"{file.Name} has no service {service}", nameof(service));

    /// <summary>The methods by path, <c>/package.Service/Method</c>.</summary>
    public IReadOnlyDictionary<string, RpcMethod> Methods => methods;

    /// <summary>Maps a unary method.</summary>
    public RpcService Unary<TRequest, TResponse>(string method, Func<TRequest, RpcCall, Task<TResponse>> handler)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse> =>
        Map<TRequest, TResponse>(method, clientStreams: false, serverStreams: false, async call =>
        {
            TRequest request = Parse<TRequest>(await call.Requests.ReadSingleAsync(call.CancellationToken));
            call.Requests.Release();
            TResponse response = await handler(request, call);
            if (call.Failure is null)
                call.Responses.Write(response);
        });

    /// <summary>
    /// Maps a unary method to functions that take the encoded request apart, which may throw <see cref="InvalidProtocolBufferException"/>, and write the
    /// encoded response: for calls that are made often, or have thousands of parts.
    /// </summary>
    public RpcService Unary<TRequest>(string method, Func<ReadOnlySpan<byte>, TRequest> parse, Func<TRequest, RpcCall, Task> handler)
    {
        MethodDescriptor found = Find(method, clientStreams: false, serverStreams: false);
        Add(found, async call =>
        {
            TRequest request = Parse(await call.Requests.ReadSingleAsync(call.CancellationToken), parse, found.InputType);
            call.Requests.Release();
            await handler(request, call);
        });
        return this;
    }

    /// <summary>Maps a method that answers one request with a stream.</summary>
    public RpcService ServerStream<TRequest, TResponse>(string method, Func<TRequest, RpcResponseStream<TResponse>, RpcCall, Task> handler)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse> =>
        Map<TRequest, TResponse>(method, clientStreams: false, serverStreams: true, async call =>
        {
            TRequest request = Parse<TRequest>(await call.Requests.ReadSingleAsync(call.CancellationToken));
            call.Requests.Release();
            await handler(request, new RpcResponseStream<TResponse>(call), call);
        });

    /// <summary>Maps a method that answers a stream with one response.</summary>
    public RpcService ClientStream<TRequest, TResponse>(string method, Func<IAsyncEnumerable<TRequest>, RpcCall, Task<TResponse>> handler)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse> =>
        Map<TRequest, TResponse>(method, clientStreams: true, serverStreams: false, async call =>
        {
            TResponse response = await handler(ReadAll<TRequest>(call), call);
            if (call.Failure is null)
                call.Responses.Write(response);
        });

    /// <summary>Maps a method with a stream each way.</summary>
    public RpcService DuplexStream<TRequest, TResponse>(
        string method, Func<IAsyncEnumerable<TRequest>, RpcResponseStream<TResponse>, RpcCall, Task> handler)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse> =>
        Map<TRequest, TResponse>(method, clientStreams: true, serverStreams: true, call =>
            handler(ReadAll<TRequest>(call), new RpcResponseStream<TResponse>(call), call));

    /// <summary>Maps a method of any shape to a handler that reads and writes encoded messages itself: for hot paths.</summary>
    public RpcService Raw(string method, RpcHandler handler)
    {
        Add(Find(method), handler);
        return this;
    }

    /// <summary>Parses a message, for handlers that read encoded ones.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT: it is no such message.</exception>
    public static T Parse<T>(in ReadOnlySequence<byte> message)
        where T : class, IMessage<T>, new()
    {
        var result = new T();
        try
        {
            result.MergeFrom(message);
            return result;
        }
        catch (Exception exception) when (ParserFault.IsMalformed(exception))
        {
            throw NoValid(result.Descriptor, exception);
        }
    }

    private static T Parse<T>(in ReadOnlySequence<byte> message, Func<ReadOnlySpan<byte>, T> parse, MessageDescriptor type)
    {
        byte[]? copy = message.IsSingleSegment ? null : ArrayPool<byte>.Shared.Rent(checked((int)message.Length));
        try
        {
            if (copy is null)
                return parse(message.FirstSpan);
            message.CopyTo(copy);
            return parse(copy.AsSpan(0, (int)message.Length));
        }
        catch (Exception exception) when (ParserFault.IsMalformed(exception))
        {
            throw NoValid(type, exception);
        }
        finally
        {
            if (copy is not null)
                ArrayPool<byte>.Shared.Return(copy);
        }
    }

    private static RpcException NoValid(MessageDescriptor type, Exception exception) =>
        new(new RpcStatus(StatusCode.InvalidArgument, $"the request is no valid {type.Name}: {exception.Message}"), exception);

    /// <summary>The requests of a call, parsed one by one.</summary>
    internal static async IAsyncEnumerable<T> ReadAll<T>(RpcCall call)
        where T : class, IMessage<T>, new()
    {
        while (await call.Requests.MoveNextAsync(call.CancellationToken))
        {
            T message = Parse<T>(call.Requests.Current);
            call.Requests.Release();
            yield return message;
        }
    }

    private RpcService Map<TRequest, TResponse>(string method, bool clientStreams, bool serverStreams, RpcHandler handler)
    {
        MethodDescriptor found = Find(method, clientStreams, serverStreams);
        if (found.InputType.ClrType != typeof(TRequest) || found.OutputType.ClrType != typeof(TResponse))
            throw new ArgumentException($"{found.FullName} takes {found.InputType.Name} and answers {found.OutputType.Name}", nameof(method));
        Add(found, handler);
        return this;
    }

    private MethodDescriptor Find(string method) =>
        Descriptor.FindMethodByName(method) ?? throw new ArgumentException($"{Descriptor.FullName} has no method {method}", nameof(method));

    private MethodDescriptor Find(string method, bool clientStreams, bool serverStreams)
    {
        MethodDescriptor found = Find(method);
        return found.IsClientStreaming == clientStreams && found.IsServerStreaming == serverStreams
            ? found
            : throw new ArgumentException($"{found.FullName} has another streaming shape", nameof(method));
    }

    private void Add(MethodDescriptor method, RpcHandler handler) =>
        methods.Add($"/{Descriptor.FullName}/{method.Name}", new RpcMethod(handler, mapError));
}
