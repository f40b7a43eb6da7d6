using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Benchmarks.ByteStream;

/// <summary>Looks for what it is asked for and says that it has nothing of it, so that every upload of the same blob is a whole one.</summary>
internal sealed class ForgetfulStore(IBlobStore inner) : IBlobStore
{
    public async ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        await inner.FindMissingAsync(digests, cancellationToken);
        return digests;
    }

    public ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken) =>
        inner.OpenReadAsync(digest, offset, cancellationToken);

    public ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken) =>
        inner.OpenWriteAsync(digest, length, cancellationToken);
}
