using RemoteExec.Cas.Chunking;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>
/// Adds to a <see cref="ChunkedStore"/> that large blobs are cut as they are written: only the chunks that are not there yet are stored, and at commit the recipe. It
/// takes a second hash of each byte, and memory for <see cref="MaxWriters"/> uploads at a time; those beyond are kept whole.
/// </summary>
/// <remarks>Chunks are blobs: those of an upload that is never committed, or turns out not to be what it claims, are there until they fall out of use.</remarks>
public sealed class ChunkingStore(ChunkedStore inner) : IBlobStore
{
    /// <summary>How many uploads are cut at a time.</summary>
    public const int MaxWriters = 16;

    private static readonly IChunker chunker = Chunkers.Of(ChunkingWriter.Function);
    private int writers;

    /// <inheritdoc/>
    public ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken) =>
        inner.FindMissingAsync(digests, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken) =>
        inner.OpenReadAsync(digest, offset, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken)
    {
        // What may be a single chunk is left alone.
        if (length <= chunker.LookAheadBytes || digest.SizeBytes != length)
            return inner.OpenWriteAsync(digest, length, cancellationToken);
        if (Interlocked.Increment(ref writers) <= MaxWriters)
            return ValueTask.FromResult<BlobWriter>(new ChunkingWriter(inner, chunker, digest, () => Interlocked.Decrement(ref writers)));
        Interlocked.Decrement(ref writers);
        return inner.OpenWriteAsync(digest, length, cancellationToken);
    }
}
