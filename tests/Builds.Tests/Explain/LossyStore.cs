using RemoteExec.Cas;

namespace RemoteExec.Builds.Tests.Explain;

/// <summary>A store that has lost some blobs.</summary>
internal sealed class LossyStore(IBlobStore inner, IReadOnlySet<Protocol.Digest> lost) : IBlobStore
{
    public async ValueTask<IReadOnlyCollection<Protocol.Digest>> FindMissingAsync(IReadOnlyCollection<Protocol.Digest> digests, CancellationToken cancellationToken) =>
        [.. (await inner.FindMissingAsync(digests, cancellationToken)).Union(digests.Where(lost.Contains))];

    public ValueTask<BlobReader?> OpenReadAsync(Protocol.Digest digest, long offset, CancellationToken cancellationToken) =>
        lost.Contains(digest) ? ValueTask.FromResult<BlobReader?>(null) : inner.OpenReadAsync(digest, offset, cancellationToken);

    public ValueTask<BlobWriter> OpenWriteAsync(Protocol.Digest digest, long length, CancellationToken cancellationToken) => inner.OpenWriteAsync(digest, length, cancellationToken);
}
