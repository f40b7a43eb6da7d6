using Google.Protobuf;

namespace RemoteExec.Rpc.Server;

/// <summary>The responses of a streaming method. Not thread-safe.</summary>
public sealed class RpcResponseStream<T>(RpcCall call)
    where T : class, IMessage<T>
{
    /// <summary>Writes and sends one message, waiting while the client's window is closed.</summary>
    /// <exception cref="OperationCanceledException">The call was cancelled, or the client has gone.</exception>
    public ValueTask WriteAsync(T message)
    {
        call.Responses.Write(message);
        return call.Responses.FlushAsync(call.CancellationToken);
    }
}
