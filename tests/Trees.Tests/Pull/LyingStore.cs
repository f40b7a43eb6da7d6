using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;

namespace RemoteExec.Trees.Tests.Pull;

/// <summary>A store that answers something else than one blob that it is asked for.</summary>
internal sealed class LyingStore(IBlobStore inner, byte[] truth, byte[] lie) : IBlobStore
{
    public ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken) => inner.FindMissingAsync(digests, cancellationToken);

    public async ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        if (digest != digest.SiblingOf(truth))
            return await inner.OpenReadAsync(digest, offset, cancellationToken);
        var store = new MemoryStore(lie.Length);
        await store.WriteAllAsync(digest, lie, cancellationToken);
        return await store.OpenReadAsync(digest, offset, cancellationToken);
    }

    public ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken) => inner.OpenWriteAsync(digest, length, cancellationToken);
}
