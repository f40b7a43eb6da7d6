using System.Buffers;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Cas.Stores;

/// <summary>
/// Writes one blob of several messages to another server. The first message is repeated when the server is out of reach; what came before a later one
/// has been given away, and can't be.
/// </summary>
/// <param name="store">The store it belongs to.</param>
/// <param name="digest">What is written.</param>
/// <param name="attempts">The attempts at the first message.</param>
/// <param name="name">The upload's part of the resource name.</param>
/// <param name="offset">How much of it the server has already.</param>
internal sealed class RemoteStoreWriter(RemoteStore store, Digest digest, RpcAttempts attempts, string name, long offset = 0) : BlobWriter
{
    private readonly CancellationTokenSource lifetime = new();
    private RemoteStoreUpload? upload;
    private readonly long start = offset;
    private long written = offset;

    public override async ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken)
    {
        if (data.Length > digest.SizeBytes - written)
            throw new InvalidOperationException($"more than the announced {digest.SizeBytes} bytes");
        while (!data.IsEmpty)
        {
            ReadOnlySequence<byte> message = data.Slice(0, Math.Min(data.Length, RemoteStoreUpload.MaxDataBytes));
            await InterruptiblyAsync(() => upload is null ? BeginAsync(message, cancellationToken) : upload.SendAsync(message), cancellationToken);
            written += message.Length;
            data = data.Slice(message.End);
        }
    }

    public override async ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        if (written != digest.SizeBytes)
            throw new InvalidOperationException($"{written} of the announced {digest.SizeBytes} bytes were written");
        if (upload is null)
            await InterruptiblyAsync(() => BeginAsync(ReadOnlySequence<byte>.Empty, cancellationToken), cancellationToken); // the server has had all of it
        await InterruptiblyAsync(upload!.FinishAsync, cancellationToken);
    }

    public override async ValueTask DisposeAsync()
    {
        if (upload is not null)
            await upload.DisposeAsync();
        lifetime.Dispose();
    }

    private async Task BeginAsync(ReadOnlySequence<byte> message, CancellationToken cancellationToken)
    {
        while (true)
        {
            upload = store.OpenUpload(digest, name, start, lifetime.Token);
            try
            {
                await upload.SendAsync(message);
                return;
            }
            catch (RpcException exception) when (attempts.MayGoOn(exception))
            {
                await upload.DisposeAsync();
                upload = null;
            }

            await attempts.WaitAsync(cancellationToken);
        }
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
            throw store.WriteFailure(digest, exception, mayBeginAnew: written > start && attempts.MayGoOn(exception));
        }
        catch (OperationCanceledException exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException($"writing {digest} was cancelled", exception, cancellationToken);
        }
    }
}
