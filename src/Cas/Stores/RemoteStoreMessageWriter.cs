using System.Buffers;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Cas.Stores;

/// <summary>Writes one blob that fits into a message to another server: all of it at the commit, which can be repeated therefore.</summary>
/// <param name="store">The store it belongs to.</param>
/// <param name="digest">What is written.</param>
/// <param name="retry">Repeats what failed as the server was out of reach.</param>
internal sealed class RemoteStoreMessageWriter(RemoteStore store, Digest digest, RpcRetry retry) : BlobWriter
{
    private byte[]? content = ArrayPool<byte>.Shared.Rent((int)digest.SizeBytes);
    private int written;

    public override ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken)
    {
        if (data.Length > digest.SizeBytes - written)
            throw new InvalidOperationException($"more than the announced {digest.SizeBytes} bytes");
        data.CopyTo(content.AsSpan(written));
        written += (int)data.Length;
        return ValueTask.CompletedTask;
    }

    public override async ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        if (written != digest.SizeBytes)
            throw new InvalidOperationException($"{written} of the announced {digest.SizeBytes} bytes were written");
        try
        {
            await retry.RunAsync(() => UploadAsync(cancellationToken), cancellationToken);
        }
        catch (RpcException exception)
        {
            throw store.WriteFailure(digest, exception, mayBeginAnew: false);
        }
        catch (InvalidDataException exception)
        {
            throw store.Unavailable(exception);
        }
    }

    public override ValueTask DisposeAsync()
    {
        if (content is not null)
            ArrayPool<byte>.Shared.Return(content);
        content = null;
        return ValueTask.CompletedTask;
    }

    private async Task<bool> UploadAsync(CancellationToken cancellationToken)
    {
        if (await store.TryWriteAtOnceAsync(digest, content.AsMemory(0, written), cancellationToken))
            return true;
        await using RemoteStoreUpload upload = store.OpenUpload(digest, Guid.NewGuid().ToString(), 0, cancellationToken);
        await upload.SendAsync(new ReadOnlySequence<byte>(content!, 0, written));
        await upload.FinishAsync();
        return true;
    }
}
