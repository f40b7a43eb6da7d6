using System.Buffers;

namespace RemoteExec.Cas.Composition;

/// <summary>A write to one node of a shard that, if it breaks off, may begin anew: by then the next node takes it.</summary>
internal sealed class ShardWriter(string store, BlobWriter inner) : BlobWriter
{
    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken)
    {
        try
        {
            await inner.WriteAsync(data, cancellationToken);
        }
        catch (StoreUnavailableException exception)
        {
            throw new StoreUnavailableException(store, exception) { MayBeginAnew = true };
        }
    }

    /// <inheritdoc/>
    public override async ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await inner.CommitAsync(cancellationToken);
        }
        catch (StoreUnavailableException exception)
        {
            throw new StoreUnavailableException(store, exception) { MayBeginAnew = true };
        }
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => inner.DisposeAsync();
}
