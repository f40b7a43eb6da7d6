using System.Buffers;
using Microsoft.Extensions.Logging;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>
/// For action results, which can be made again: while the store within is out of reach, nothing is there, and what is written is dropped. So builds go on without a cache instead of
/// failing. Never for blobs: of these, what was written has to be there. A read that was opened before fails as it does within.
/// </summary>
/// <param name="name">What messages call the store.</param>
/// <param name="inner">The store within.</param>
/// <param name="logger">Told of what is dropped, at most once a minute.</param>
/// <param name="time">The clock.</param>
public sealed class MissingWhenDownStore(string name, IBlobStore inner, ILogger<MissingWhenDownStore> logger, TimeProvider time) : IBlobStore
{
    private static readonly TimeSpan logInterval = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new(); // guards the fields below
    private long? lastLogged;
    private long dropped;

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        try
        {
            return await inner.FindMissingAsync(digests, cancellationToken);
        }
        catch (StoreUnavailableException)
        {
            return [.. digests.Distinct()];
        }
    }

    /// <inheritdoc/>
    public async ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        try
        {
            return await inner.OpenReadAsync(digest, offset, cancellationToken);
        }
        catch (StoreUnavailableException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken)
    {
        try
        {
            return new Writer(this, await inner.OpenWriteAsync(digest, length, cancellationToken));
        }
        catch (StoreUnavailableException exception)
        {
            Drop(exception);
            return new Writer(this, null);
        }
    }

    private void Drop(StoreUnavailableException reason)
    {
        FallbackMetrics.CountDropped();
        long count;
        lock (gate)
        {
            dropped++;
            if (lastLogged is { } last && time.GetElapsedTime(last) < logInterval)
                return;
            lastLogged = time.GetTimestamp();
            count = dropped;
            dropped = 0;
        }

        CasLog.ResultsDropped(logger, name, count, reason.Message);
    }

    private sealed class Writer(MissingWhenDownStore store, BlobWriter? inner) : BlobWriter
    {
        private BlobWriter? inner = inner;

        public override ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken) =>
            inner is { } writer ? TryAsync(writer, () => writer.WriteAsync(data, cancellationToken)) : ValueTask.CompletedTask;

        public override ValueTask CommitAsync(CancellationToken cancellationToken) =>
            inner is { } writer ? TryAsync(writer, () => writer.CommitAsync(cancellationToken)) : ValueTask.CompletedTask;

        public override ValueTask DisposeAsync() => inner?.DisposeAsync() ?? ValueTask.CompletedTask;

        private async ValueTask TryAsync(BlobWriter writer, Func<ValueTask> write)
        {
            try
            {
                await write();
            }
            catch (StoreUnavailableException exception)
            {
                store.Drop(exception);
                inner = null;
                await writer.DisposeAsync();
            }
        }
    }
}
