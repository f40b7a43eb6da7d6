using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>Takes writing away from a store: every write is a <see cref="StoreReadOnlyException"/> (BSW-16). Look-ups and reads, which count as uses, are those of the store within.</summary>
/// <param name="name">The name in errors.</param>
/// <param name="inner">The store within.</param>
public sealed class ReadOnlyStore(string name, IBlobStore inner) : IBlobStore
{
    /// <inheritdoc/>
    public ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken) =>
        inner.FindMissingAsync(digests, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken) =>
        inner.OpenReadAsync(digest, offset, cancellationToken);

    /// <summary>Refuses.</summary>
    /// <exception cref="StoreReadOnlyException">Always.</exception>
    public ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken) => throw new StoreReadOnlyException(name);
}
