using System.Buffers;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>Writes to both stores of a <see cref="FallbackStore"/>, or to the one that is left.</summary>
internal sealed class FallbackWriter(Digest digest, BlobWriter? toFirst, BlobWriter? toThen, FallbackState state, FallbackDebts debts) : BlobWriter
{
    private BlobWriter? toFirst = toFirst;
    private BlobWriter? toThen = toThen;

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken)
    {
        if (toFirst is not null)
        {
            try
            {
                await toFirst.WriteAsync(data, cancellationToken);
            }
            catch (StoreUnavailableException exception) when (toThen is not null)
            {
                state.Failed(exception);
                await toFirst.DisposeAsync();
                toFirst = null;
            }
        }

        if (toThen is null)
            return;
        try
        {
            await toThen.WriteAsync(data, cancellationToken);
        }
        catch (CasException) when (toFirst is not null)
        {
            await toThen.DisposeAsync();
            toThen = null;
        }
    }

    /// <inheritdoc/>
    public override async ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        // One commit of a digest after the other, so that both stores end with the same value.
        using IDisposable turn = await debts.EnterAsync(digest, cancellationToken);
        if (toFirst is not null && await TryCommitFirstAsync(toFirst, cancellationToken))
        {
            debts.Settle(digest);
            if (!await TryCommitCopyAsync(cancellationToken))
                await debts.DropCopyAsync(digest, cancellationToken); // an older one
            return;
        }

        bool isNew = debts.Owe(digest);
        try
        {
            await toThen!.CommitAsync(cancellationToken);
        }
        catch when (isNew)
        {
            debts.Settle(digest);
            throw;
        }
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        if (toFirst is not null)
            await toFirst.DisposeAsync();
        if (toThen is not null)
            await toThen.DisposeAsync();
    }

    private async ValueTask<bool> TryCommitFirstAsync(BlobWriter writer, CancellationToken cancellationToken)
    {
        try
        {
            await writer.CommitAsync(cancellationToken);
            state.Answered();
            return true;
        }
        catch (StoreUnavailableException exception) when (toThen is not null)
        {
            state.Failed(exception);
            return false;
        }
    }

    private async ValueTask<bool> TryCommitCopyAsync(CancellationToken cancellationToken)
    {
        if (toThen is null)
            return false;
        try
        {
            await toThen.CommitAsync(cancellationToken);
            return true;
        }
        catch (CasException)
        {
            return false;
        }
    }
}
