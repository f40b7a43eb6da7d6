using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>Counts what a store is asked for, and what of it it has. Nothing else changes: what is answered at once, still is.</summary>
/// <param name="inner">The store within.</param>
public sealed class CountedStore(IBlobStore inner) : IBlobStore
{
    private long present;
    private long absent;
    private long hits;
    private long misses;

    /// <summary>What was counted so far.</summary>
    public StoreCounts Counts => new(Interlocked.Read(ref present), Interlocked.Read(ref absent), Interlocked.Read(ref hits), Interlocked.Read(ref misses));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        ValueTask<IReadOnlyCollection<Digest>> pending = inner.FindMissingAsync(digests, cancellationToken);
        return pending.IsCompletedSuccessfully ? ValueTask.FromResult(Count(digests.Count, pending.Result)) : FinishAsync(digests.Count, pending);
    }

    /// <inheritdoc/>
    public ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        ValueTask<BlobReader?> pending = inner.OpenReadAsync(digest, offset, cancellationToken);
        return pending.IsCompletedSuccessfully ? ValueTask.FromResult(Count(pending.Result)) : FinishAsync(pending);
    }

    /// <inheritdoc/>
    public ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken) => inner.OpenWriteAsync(digest, length, cancellationToken);

    private async ValueTask<IReadOnlyCollection<Digest>> FinishAsync(int asked, ValueTask<IReadOnlyCollection<Digest>> pending) => Count(asked, await pending);

    private async ValueTask<BlobReader?> FinishAsync(ValueTask<BlobReader?> pending) => Count(await pending);

    private IReadOnlyCollection<Digest> Count(int asked, IReadOnlyCollection<Digest> missing)
    {
        Add(ref present, asked - missing.Count);
        Add(ref absent, missing.Count);
        return missing;
    }

    private BlobReader? Count(BlobReader? reader)
    {
        Add(ref reader is null ? ref misses : ref hits, 1);
        return reader;
    }

    private static void Add(ref long counter, int by)
    {
        if (by != 0)
            Interlocked.Add(ref counter, by);
    }
}
