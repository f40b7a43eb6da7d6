using System.Buffers;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>Writes to both tiers at a time. A fast one that fails drops out, and so does a slow one that is optional; the write fails if none is left.</summary>
/// <param name="store">Whose tiers these are.</param>
/// <param name="digest">What is written.</param>
/// <param name="near">The fast tier's writer, if it is written to.</param>
/// <param name="far">The slow tier's writer, if it is written to.</param>
internal sealed class FastSlowWriter(FastSlowStore store, Digest digest, BlobWriter? near, BlobWriter? far) : BlobWriter
{
    private bool isNear = near is not null;
    private bool isFar = far is not null;

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken)
    {
        if (isNear && isFar)
            await Task.WhenAll(WriteNearAsync(data, cancellationToken), WriteFarAsync(data, cancellationToken));
        else if (isNear)
            await near!.WriteAsync(data, cancellationToken);
        else
            await far!.WriteAsync(data, cancellationToken);
    }

    /// <summary>
    /// The slow tier first: what is visible in the fast one alone would be lost with it. Fills of the fast tier that began before must not end after with an older value.
    /// </summary>
    public override async ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        await store.Fills.BeginWriteAsync(digest);
        try
        {
            if (isFar)
                isFar = await TryAsync(far!.CommitAsync(cancellationToken), mayFail: isNear && store.IsSlowOptional);
            if (isNear)
                isNear = await TryAsync(near!.CommitAsync(cancellationToken), mayFail: isFar);
            await store.MendAsync(digest, isNear, isFar, cancellationToken);
        }
        finally
        {
            store.Fills.EndWrite(digest);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        if (near is not null)
            await near.DisposeAsync();
        if (far is not null)
            await far.DisposeAsync();
    }

    private async Task WriteNearAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken) =>
        isNear = await TryAsync(near!.WriteAsync(data, cancellationToken), mayFail: isFar);

    private async Task WriteFarAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken) =>
        isFar = await TryAsync(far!.WriteAsync(data, cancellationToken), mayFail: isNear && store.IsSlowOptional);

    private static async ValueTask<bool> TryAsync(ValueTask step, bool mayFail)
    {
        try
        {
            await step;
            return true;
        }
        catch (CasException exception) when (mayFail && (exception is StoreUnavailableException or StoreFullException))
        {
            return false;
        }
    }
}
