using RemoteExec.Protocol;

namespace RemoteExec.Cas.Instances;

/// <summary>
/// Gives instances stores of their own: each digest is looked up, read and written in the store of its instance. Which instances share a store, they share only its room: their
/// blobs never meet (GEN-05).
/// </summary>
/// <param name="stores">The stores of instances that have one of their own.</param>
/// <param name="others">The store of all others; null if there are to be no others, and what they ask for is an <see cref="InstanceUnknownException"/> (GEN-03).</param>
public sealed class InstanceStore(InstanceMap<IBlobStore> stores, IBlobStore? others) : IBlobStore
{
    /// <inheritdoc/>
    /// <exception cref="InstanceUnknownException">There is no such instance.</exception>
    public ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        ReadOnlySpan<Digest> all = DigestSpan.Of(digests);
        if (all.IsEmpty)
            return ValueTask.FromResult<IReadOnlyCollection<Digest>>([]);
        InstanceName first = all[0].Instance;
        foreach (ref readonly Digest digest in all)
        {
            if (digest.Instance != first)
                return FindMissingOfSeveralAsync(digests, cancellationToken);
        }

        return StoreOf(first).FindMissingAsync(digests, cancellationToken);
    }

    /// <inheritdoc/>
    /// <exception cref="InstanceUnknownException">There is no such instance.</exception>
    public ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken) =>
        StoreOf(digest.Instance).OpenReadAsync(digest, offset, cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="InstanceUnknownException">There is no such instance.</exception>
    public ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken) =>
        StoreOf(digest.Instance).OpenWriteAsync(digest, length, cancellationToken);

    private IBlobStore StoreOf(InstanceName instance) =>
        stores.TryFind(instance, out IBlobStore? store) ? store : others ?? throw new InstanceUnknownException(instance);

    private async ValueTask<IReadOnlyCollection<Digest>> FindMissingOfSeveralAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        var missing = new HashSet<Digest>();
        foreach (IGrouping<InstanceName, Digest> instance in digests.GroupBy(digest => digest.Instance))
            missing.UnionWith(await StoreOf(instance.Key).FindMissingAsync([.. instance], cancellationToken));
        return [.. digests.Where(missing.Remove)];
    }
}
