using System.Buffers;
using RemoteExec.Cas.Composition;
using RemoteExec.Protocol;
using ChunkingFunction = Build.Bazel.Remote.Execution.V2.ChunkingFunction.Types.Value;

namespace RemoteExec.Cas.Chunking;

/// <summary>Takes blobs apart into chunks that are blobs themselves, and puts them together.</summary>
/// <param name="cas">The blobs; verifying.</param>
/// <param name="chunked">
/// The store below <paramref name="cas"/> that keeps recipes: then what a large blob has in common with others is kept once. Null if it can't: then blobs are kept whole, and copied.
/// </param>
internal sealed class BlobChunks(IBlobStore cas, ChunkedStore? chunked)
{
    /// <summary>How many blobs are cut at a time, each of which takes some MiB of memory; others wait.</summary>
    public const int MaxSplits = 8;

    private const int PieceBytes = 64 * 1024;

    private readonly SemaphoreSlim splitting = new(MaxSplits);

    /// <summary>Cuts a blob and stores the chunks that are not there; null if the blob is absent (CAS-28, CAS-29). They count as used, as the blob does (CAS-30).</summary>
    /// <param name="digest">The blob.</param>
    /// <param name="wanted">The chunking function that is preferred.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="StoreFullException">There is no room for a chunk.</exception>
    public async ValueTask<Recipe?> SplitAsync(Digest digest, ChunkingFunction wanted, CancellationToken cancellationToken)
    {
        ChunkingFunction function = Chunkers.Choose(wanted);
        if (chunked is not null && await chunked.FindRecipeAsync(digest, cancellationToken) is { } known
            && (known.Function == function || (wanted == ChunkingFunction.Unknown && known.Function != ChunkingFunction.Unknown)))
            return known;

        await splitting.WaitAsync(cancellationToken);
        try
        {
            return await CutAsync(digest, function, cancellationToken);
        }
        finally
        {
            splitting.Release();
        }
    }

    /// <summary>Puts a blob together from chunks. Where recipes are kept nothing is copied: the chunks are read, and hashed, as every other upload is.</summary>
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

        if (chunked is not null && new Recipe(ChunkingFunction.Unknown, await FlattenAsync(chunks, cancellationToken)) is { IsWorthKeeping: true } recipe)
        {
            await VerifyAsync(digest, recipe.Chunks, cancellationToken);
            await chunked.KeepRecipeAsync(digest, recipe, cancellationToken);
        }
        else
        {
            await CopyAsync(digest, chunks, cancellationToken);
        }
    }

    private async ValueTask<Recipe?> CutAsync(Digest digest, ChunkingFunction function, CancellationToken cancellationToken)
    {
        await using BlobReader? blob = await cas.OpenReadAsync(digest, 0, cancellationToken);
        if (blob is null)
            return null;
        var chunks = new List<Digest>();
        using var reader = new ChunkReader(blob, Chunkers.Of(function));
        while (await reader.NextAsync(cancellationToken) is { IsEmpty: false } chunk)
            chunks.Add(await KeepAsync(digest, chunk, cancellationToken));

        var recipe = new Recipe(function, chunks);
        if (chunked is not null && recipe.IsWorthKeeping)
        {
            await chunked.KeepRecipeAsync(digest, recipe, cancellationToken);
            blob.Discard(); // the whole copy; of a blob that was made of other chunks there is none
        }

        return recipe;
    }

    /// <summary>The chunks without empty ones, and of those that are made of chunks themselves, these; no more than one above the most that a recipe may have.</summary>
    private async ValueTask<IReadOnlyList<Digest>> FlattenAsync(IReadOnlyList<Digest> chunks, CancellationToken cancellationToken)
    {
        var flat = new List<Digest>(chunks.Count);
        foreach (Digest chunk in chunks)
        {
            if (flat.Count > Recipe.MaxChunks)
                break; // the same one, again and again, would be more than memory holds
            if (chunked is not null && await chunked.FindRecipeAsync(chunk, cancellationToken) is { } recipe)
                flat.AddRange(recipe.Chunks.Take(Recipe.MaxChunks + 1 - flat.Count));
            else if (chunk.SizeBytes > 0)
                flat.Add(chunk);
        }

        return flat;
    }

    private async ValueTask VerifyAsync(Digest digest, IReadOnlyList<Digest> chunks, CancellationToken cancellationToken)
    {
        using var hasher = new IncrementalHasher(digest.Function, digest.SizeBytes);
        await ReadAsync(chunks, data =>
        {
            hasher.Append(data.Span);
            return ValueTask.CompletedTask;
        }, cancellationToken);
        Digest actual = hasher.Finish(digest.Instance);
        if (actual != digest)
            throw new BlobMismatchException(digest, $"the hash of its chunks is {actual.Hash}");
    }

    private async ValueTask CopyAsync(Digest digest, IReadOnlyList<Digest> chunks, CancellationToken cancellationToken)
    {
        await using BlobWriter writer = await cas.OpenWriteAsync(digest, digest.SizeBytes, cancellationToken);
        await ReadAsync(chunks, data => writer.WriteAsync(new ReadOnlySequence<byte>(data), cancellationToken), cancellationToken);
        await writer.CommitAsync(cancellationToken);
    }

    private async ValueTask ReadAsync(IReadOnlyList<Digest> chunks, Func<ReadOnlyMemory<byte>, ValueTask> take, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(PieceBytes);
        try
        {
            foreach (Digest chunk in chunks)
            {
                await using BlobReader reader = await cas.OpenReadAsync(chunk, 0, cancellationToken) ?? throw new BlobsMissingException([chunk]);
                for (int read; (read = await reader.ReadAsync(buffer, cancellationToken)) > 0;)
                    await take(buffer.AsMemory(0, read));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask<Digest> KeepAsync(Digest sibling, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        if (chunked is not null)
            return await chunked.KeepChunkAsync(sibling, content, cancellationToken);
        Digest digest = sibling.SiblingOf(content.Span);
        if (!await cas.ContainsAsync(digest, cancellationToken))
            await cas.WriteAllAsync(digest, content, cancellationToken);
        return digest;
    }
}
