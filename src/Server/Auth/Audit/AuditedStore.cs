using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Server.Auth.Audit;

/// <summary>Writes down who writes values beside results of actions, as ccache does, once he begins.</summary>
/// <param name="inner">The store.</param>
/// <param name="audit">Where it is written down.</param>
internal sealed class AuditedStore(IBlobStore inner, AuditLog audit) : IBlobStore
{
    /// <inheritdoc/>
    public ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken) => inner.FindMissingAsync(digests, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken) => inner.OpenReadAsync(digest, offset, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken)
    {
        BlobWriter writer = await inner.OpenWriteAsync(digest, length, cancellationToken);
        audit.Done("ac.writeValue", digest.Instance, digest.Hash.ToString());
        return writer;
    }
}
