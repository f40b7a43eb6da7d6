using System.Buffers;
using RemoteExec.Protocol;
using ChunkingFunction = Build.Bazel.Remote.Execution.V2.ChunkingFunction.Types.Value;

namespace RemoteExec.Cas.Chunking;

/// <summary>Takes blobs apart into chunks that are blobs themselves, and puts them together.</summary>
/// <param name="cas">The blobs; verifying.</param>
internal sealed class BlobChunks(IBlobStore cas)
{
    private const int PieceBytes = 64 * 1024;

    /// <summary>Cuts a blob and stores the chunks that are not there. Their digests in order; null if the blob is absent (CAS-28, CAS-29).</summary>
    /// <exception cref="StoreFullException">There is no room for a chunk.</exception>
    public async ValueTask<IReadOnlyList<Digest>?> SplitAsync(Digest digest, ChunkingFunction function, CancellationToken cancellationToken)
    {
        await using BlobReader? blob = await cas.OpenReadAsync(digest, 0, cancellationToken);
        if (blob is null)
            return null;
        var chunks = new List<Digest>();
        using var reader = new ChunkReader(blob, Chunkers.Of(function));
        while (await reader.NextAsync(cancellationToken) is { IsEmpty: false } chunk)
            chunks.Add(await KeepAsync(digest, chunk, cancellationToken));
        return chunks;
    }

    /// <summary>Puts a blob together from chunks, verified as every other upload.</summary>
    /// <exception cref="BlobsMissingException">Chunks are absent.</exception>
    /// <exception cref="BlobMismatchException">The chunks do not make the blob.</exception>
    public async ValueTask SpliceAsync(Digest digest, IReadOnlyList<Digest> chunks, CancellationToken cancellationToken)
    {
        // Looked up in any case: whoever names them counts on them (CAS-34).
        IReadOnlyCollection<Digest> missing = await cas.FindMissingAsync(chunks, cancellationToken);
        if (await cas.ContainsAsync(digest, cancellationToken))
            return;
        if (missing.Count > 0)
            throw new BlobsMissingException([.. missing]);
        UInt128 sum = 0;
        foreach (Digest chunk in chunks)
            sum += (UInt128)chunk.SizeBytes;
        if (sum != (UInt128)digest.SizeBytes)
            throw new BlobMismatchException(digest, $"its chunks have {sum} bytes together");

        await using BlobWriter writer = await cas.OpenWriteAsync(digest, digest.SizeBytes, cancellationToken);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(PieceBytes);
        try
        {
            foreach (Digest chunk in chunks)
            {
                await using BlobReader reader = await cas.OpenReadAsync(chunk, 0, cancellationToken) ?? throw new BlobsMissingException([chunk]);
                for (int read; (read = await reader.ReadAsync(buffer, cancellationToken)) > 0;)
                    await writer.WriteAsync(new ReadOnlySequence<byte>(buffer, 0, read), cancellationToken);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        await writer.CommitAsync(cancellationToken);
    }

    private async ValueTask<Digest> KeepAsync(Digest sibling, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        Digest digest = sibling.SiblingOf(content.Span);
        if (!await cas.ContainsAsync(digest, cancellationToken))
            await cas.WriteAllAsync(digest, content, cancellationToken);
        return digest;
    }
}
