using System.Buffers;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>
/// Adds verification to a store: only what is exactly what its digest names becomes visible (CAS-07, CAS-14, BSW-05); anything else is a
/// <see cref="BlobMismatchException"/>, as early as it shows: a wrong length at <see cref="OpenWriteAsync"/>, a wrong hash at the commit. What is
/// written under a digest without a size is stored under the whole one. What is read is not checked again.
/// </summary>
public sealed class VerifyingStore(IBlobStore inner) : IBlobStore
{
    /// <inheritdoc/>
    public ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken) =>
        inner.FindMissingAsync(digests, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken) =>
        inner.OpenReadAsync(digest, offset, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken)
    {
        Digest whole = digest.HasSize ? digest : Digest.Create(digest.Instance, digest.Function, digest.HashSpan, length);
        if (whole.SizeBytes != length)
            throw new BlobMismatchException(digest, $"it has {length} bytes");
        return new Writer(whole, await inner.OpenWriteAsync(whole, length, cancellationToken));
    }

    private sealed class Writer(Digest expected, BlobWriter inner) : BlobWriter
    {
        private IncrementalHasher? hasher; // null: nothing was written yet, or all at once
        private Digest actual;
        private long written;

        public override async ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken)
        {
            if (data.IsEmpty)
                return;
            await inner.WriteAsync(data, cancellationToken);
            written += data.Length;

            // Most blobs are small and come in one piece; hashing that takes no state of its own.
            if (hasher is null && data.IsSingleSegment && data.Length == expected.SizeBytes)
            {
                actual = expected.SiblingOf(data.FirstSpan);
                return;
            }

            hasher ??= new IncrementalHasher(expected.Function, expected.SizeBytes);
            hasher.Append(data);
        }

        public override async ValueTask CommitAsync(CancellationToken cancellationToken)
        {
            if (written != expected.SizeBytes)
                throw new InvalidOperationException($"{written} of the announced {expected.SizeBytes} bytes were written");
            if (hasher is not null)
                actual = hasher.Finish(expected.Instance);
            else if (written == 0)
                actual = expected.SiblingOf([]);
            if (actual != expected)
                throw new BlobMismatchException(expected, $"its hash is {actual.Hash}");
            await inner.CommitAsync(cancellationToken);
        }

        public override ValueTask DisposeAsync()
        {
            hasher?.Dispose();
            return inner.DisposeAsync();
        }
    }
}
