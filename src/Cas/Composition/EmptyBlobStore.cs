using System.Buffers;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>
/// Adds the empty blob of every instance and function to a store: it is always present, reads as no bytes, and writing it succeeds without
/// anything being stored (DIG-03). Everything else is left to the store within; so size 0 under another hash is as absent as it is there (DIG-02).
/// </summary>
public sealed class EmptyBlobStore(IBlobStore inner) : IBlobStore
{
    /// <inheritdoc/>
    public ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        foreach (ref readonly Digest digest in DigestSpan.Of(digests))
        {
            if (digest.IsEmptyBlob)
                return inner.FindMissingAsync([.. digests.Where(other => !other.IsEmptyBlob)], cancellationToken);
        }

        return inner.FindMissingAsync(digests, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        if (!digest.IsEmptyBlob)
            return inner.OpenReadAsync(digest, offset, cancellationToken);
        ArgumentOutOfRangeException.ThrowIfNotEqual(offset, 0);
        return ValueTask.FromResult<BlobReader?>(new Reader());
    }

    /// <inheritdoc/>
    public ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken) =>
        digest.IsEmptyBlob && length == 0
            ? ValueTask.FromResult<BlobWriter>(new Writer())
            : inner.OpenWriteAsync(digest, length, cancellationToken);

    private sealed class Reader : BlobReader
    {
        public override long Length => 0;

        public override ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken) => ValueTask.FromResult(0);

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Writer : BlobWriter
    {
        public override ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken) =>
            data.IsEmpty ? ValueTask.CompletedTask : throw new InvalidOperationException("more than the announced 0 bytes");

        public override ValueTask CommitAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
