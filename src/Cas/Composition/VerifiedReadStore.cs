using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>
/// Hashes what is read in whole from a store, from its start to its end: what is not what its digest names is a <see cref="BlobCorruptException"/> before its last bytes are handed out, and the
/// store within is told to forget it. For blobs only; a read that begins further on is not checked, and compressed blobs are not handed out as they are stored.
/// </summary>
public sealed class VerifiedReadStore(IBlobStore inner) : IBlobStore
{
    /// <inheritdoc/>
    public ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken) =>
        inner.FindMissingAsync(digests, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        if (await inner.OpenReadAsync(digest, offset, cancellationToken) is not { } opened)
            return null;
        if (offset != 0)
            return opened;
        var reader = new Reader(digest, opened);
        try
        {
            if (opened.Length == 0 || (digest.HasSize && opened.Length != digest.SizeBytes))
                reader.Check();
            return reader;
        }
        catch
        {
            await reader.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken) =>
        inner.OpenWriteAsync(digest, length, cancellationToken);

    private sealed class Reader(Digest digest, BlobReader inner) : BlobReader
    {
        private readonly IncrementalHasher hasher = new(digest.Function, inner.Length);
        private long left = inner.Length;

        public override long Length => inner.Length;

        public override async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
        {
            int read = await inner.ReadAsync(destination, cancellationToken);
            if (read == 0)
                return 0;
            hasher.Append(destination.Span[..read]);
            left -= read;
            if (left == 0)
                Check();
            return read;
        }

        /// <summary>Compares what was read, which is all there is.</summary>
        public void Check()
        {
            Digest actual = hasher.Finish(digest.Instance);
            if (digest.Matches(actual))
                return;
            inner.Discard();
            throw new BlobCorruptException(digest);
        }

        public override void Discard() => inner.Discard();

        public override ValueTask DisposeAsync()
        {
            hasher.Dispose();
            return inner.DisposeAsync();
        }
    }
}
