using System.Buffers;
using System.Text;
using Google.Bytestream;
using RemoteExec.Cas.Frames;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Framing;

namespace RemoteExec.Cas.Stores;

/// <summary>
/// Writes one blob to another server. Its last message lacks the field that finishes the upload until the commit; so the server, however
/// early it has all the bytes, stores nothing before.
/// </summary>
/// <param name="store">The store it belongs to.</param>
/// <param name="digest">What is written.</param>
/// <param name="call">The call of ByteStream.Write; owned.</param>
/// <param name="lifetime">What cancels the call; owned.</param>
internal sealed class RemoteStoreWriter(RemoteStore store, Digest digest, RpcClientCall call, CancellationTokenSource lifetime) : BlobWriter
{
    private const int MaxDataBytes = 1024 * 1024;
    private long written;
    private bool hasEnded; // the server has answered before it had everything, as the blob is there already or something failed

    public override async ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken)
    {
        if (data.Length > digest.SizeBytes - written)
            throw new InvalidOperationException($"more than the announced {digest.SizeBytes} bytes");
        while (!data.IsEmpty)
        {
            ReadOnlySequence<byte> message = data.Slice(0, Math.Min(data.Length, MaxDataBytes));
            await InterruptiblyAsync(() => SendAsync(message), cancellationToken);
            written += message.Length;
            data = data.Slice(message.End);
        }
    }

    public override async ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        if (written != digest.SizeBytes)
            throw new InvalidOperationException($"{written} of the announced {digest.SizeBytes} bytes were written");
        await InterruptiblyAsync(FinishAsync, cancellationToken);
    }

    public override async ValueTask DisposeAsync()
    {
        await call.DisposeAsync();
        lifetime.Dispose();
    }

    private async Task SendAsync(ReadOnlySequence<byte> data)
    {
        if (hasEnded)
            return;
        MessageWriter requests = await call.GetRequestsAsync();
        byte[] name = written == 0 ? Encoding.UTF8.GetBytes(ResourceName.FormatWrite(digest, Guid.NewGuid().ToString())) : [];
        bool isLast = written + data.Length == digest.SizeBytes;
        WriteRequestFrame.Write(requests, name, written, data, finishes: isLast);

        // The last message waits in the pipe for its end.
        if (!isLast)
            hasEnded = !await call.FlushAsync();
    }

    private async Task FinishAsync()
    {
        if (digest.SizeBytes == 0)
            await SendAsync(default);
        if (!hasEnded)
        {
            WriteRequestFrame.Finish(await call.GetRequestsAsync());
            await call.CompleteRequestsAsync();
        }

        WriteResponse? response = await call.ReadAsync<WriteResponse>();
        if (response?.CommittedSize != digest.SizeBytes)
            throw store.Unavailable(new InvalidDataException($"it took {response?.CommittedSize ?? 0} bytes of {digest}"));
        if (await call.ReadAsync<WriteResponse>() is not null)
            throw store.Unavailable(new InvalidDataException("it answered twice"));
    }

    private async ValueTask InterruptiblyAsync(Func<Task> action, CancellationToken cancellationToken)
    {
        await using CancellationTokenRegistration cancellation = RemoteStore.CancelWith(cancellationToken, lifetime);
        try
        {
            await action();
        }
        catch (RpcException exception)
        {
            throw exception.Code switch
            {
                StatusCode.InvalidArgument => new BlobMismatchException(digest, exception.Status.Message),
                StatusCode.ResourceExhausted => new StoreFullException(store.Name, digest.SizeBytes, exception.Status.Message),
                _ => store.Unavailable(exception),
            };
        }
        catch (OperationCanceledException exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException($"writing {digest} was cancelled", exception, cancellationToken);
        }
    }
}
