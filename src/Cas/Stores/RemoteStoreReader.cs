using System.Buffers;
using RemoteExec.Cas.Frames;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Cas.Stores;

/// <summary>Reads one blob from another server, message by message, and when the server was out of reach, on from where it stood.</summary>
/// <param name="store">The store it belongs to.</param>
/// <param name="digest">What is read.</param>
/// <param name="offset">Where the reading begins.</param>
/// <param name="attempts">The attempts at the next message.</param>
internal sealed class RemoteStoreReader(RemoteStore store, Digest digest, long offset, RpcAttempts attempts) : BlobReader
{
    private readonly CancellationTokenSource lifetime = new();
    private RpcClientCall? call;
    private long left = digest.SizeBytes - offset;
    private ReadOnlySequence<byte> data; // of the current message, as far as it was not handed out

    public override long Length => digest.SizeBytes;

    /// <summary>Waits for the first bytes; false if the blob is absent.</summary>
    public async ValueTask<bool> OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            await FillAsync(cancellationToken);
            return true;
        }
        catch (StoreUnavailableException exception) when (exception.InnerException is RpcException { Code: StatusCode.NotFound })
        {
            return false;
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (destination.IsEmpty || left == 0)
            return 0;
        await FillAsync(cancellationToken);
        ReadOnlySequence<byte> taken = data.Slice(0, Math.Min(data.Length, destination.Length));
        taken.CopyTo(destination.Span);
        data = data.Slice(taken.End);
        left -= taken.Length;
        return (int)taken.Length;
    }

    public override async ValueTask DisposeAsync()
    {
        if (call is not null)
            await call.DisposeAsync();
        lifetime.Dispose();
    }

    /// <summary>
    /// Moves on to a message with data, unless there is some left or none to come. The last bytes are handed out without waiting for the end of
    /// the call.
    /// </summary>
    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        if (!data.IsEmpty)
            return;
        await using CancellationTokenRegistration cancellation = RemoteStore.CancelWith(cancellationToken, lifetime);
        try
        {
            while (!await TryMoveAsync())
                await attempts.WaitAsync(cancellationToken);
        }
        catch (RpcException exception)
        {
            throw store.Unavailable(exception);
        }
        catch (OperationCanceledException exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException($"reading {digest} was cancelled", exception, cancellationToken);
        }
    }

    /// <summary>Reads on in the call under way, or in a new one; false if that broke off and is to be tried again.</summary>
    private async ValueTask<bool> TryMoveAsync()
    {
        call ??= store.OpenReadCall(digest, digest.SizeBytes - left, lifetime.Token);
        try
        {
            await MoveAsync(call);
        }
        catch (RpcException exception) when (attempts.MayGoOn(exception))
        {
            await call.DisposeAsync();
            call = null;
            return false;
        }

        attempts.Reset();
        return true;
    }

    private async ValueTask MoveAsync(RpcClientCall call)
    {
        while (data.IsEmpty)
        {
            if (!await call.MoveNextAsync())
            {
                // Of a blob's last byte on there is no message, only the news that the blob is there.
                if (left == 0)
                    return;
                throw store.Unavailable(new InvalidDataException($"it ended {left} bytes before the end of {digest}"));
            }

            if (!ReadResponseFrame.TryParse(call.Response, out data))
                throw store.Unavailable(new InvalidDataException("its answer is no valid ReadResponse"));
            if (data.Length > left)
                throw store.Unavailable(new InvalidDataException($"it sent more bytes than {digest} has"));
        }
    }
}
