using Google.Protobuf;

namespace RemoteExec.Rpc.Server;

/// <summary>The responses of a streaming method. Not thread-safe.</summary>
public sealed class RpcResponseStream<T>(RpcCall call)
    where T : class, IMessage<T>
{
    /// <summary>Writes and sends one message, waiting while the client's window is closed.</summary>
    /// <exception cref="OperationCanceledException">The call was cancelled, or the client has gone.</exception>
    public async ValueTask WriteAsync(T message)
    {
        await call.Responses.WriteAsync(message);
        await call.Responses.FlushAsync(call.CancellationToken);
    }
}
