using RemoteExec.Cas.Chunking;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>
/// Adds blobs that are made of others to a store: of a large one that was split or spliced, it keeps the recipe, a list of chunks, beside the chunks. It is present
/// as long as its recipe and all its chunks are, and each use of it is one of all of them. So blobs that differ little share what they have in common.
/// </summary>
/// <remarks>
/// A blob's recipe is preferred to a whole copy, which thereby falls out of use, should its store not forget it at once; and a blob whose recipe lacks a chunk is still found if there is a copy. Chunks are blobs of the store within and have no recipes themselves. A reader opens chunk by chunk: should one be lost or damaged meanwhile, it ends
/// with a <see cref="BlobCorruptException"/> that names the blob (CAS-40), which is missing from then on.
/// </remarks>
/// <param name="inner">The store within, one that keeps any value under any digest.</param>
public sealed class ChunkedStore(IBlobStore inner) : IBlobStore
{
    private const int MaxRecipeBytes = 64 * 1024 * 1024;

    /// <inheritdoc/>
    public ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        List<Digest>? large = null;
        foreach (ref readonly Digest digest in DigestSpan.Of(digests))
        {
            if (Recipe.MayBeOf(digest))
                (large ??= []).Add(digest);
        }

        return large is null ? inner.FindMissingAsync(digests, cancellationToken) : FindMissingAsync(digests, large, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken) =>
        Recipe.MayBeOf(digest) ? OpenLargeAsync(digest, offset, cancellationToken) : inner.OpenReadAsync(digest, offset, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken) =>
        inner.OpenWriteAsync(digest, length, cancellationToken);

    /// <summary>The recipe of a blob, of which all chunks are there and count as used now; null if there is none.</summary>
    internal async ValueTask<Recipe?> FindRecipeAsync(Digest digest, CancellationToken cancellationToken) =>
        Recipe.MayBeOf(digest)
        && await inner.ReadAllAsync(digest.RecipeKey(), MaxRecipeBytes, cancellationToken) is { } value
        && Recipe.TryDecode(digest, value) is { } recipe
        && (await inner.FindMissingAsync(recipe.Chunks, cancellationToken)).Count == 0
            ? recipe
            : null;

    /// <summary>Stores a chunk under its digest, unless it is there.</summary>
    /// <param name="blob">The blob that the chunk is from: of the same instance and function.</param>
    /// <param name="content">The chunk.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="StoreFullException">There is no room for it.</exception>
    internal async ValueTask<Digest> KeepChunkAsync(Digest blob, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        Digest chunk = blob.SiblingOf(content.Span);
        if (await inner.ContainsAsync(chunk, cancellationToken)) // within: one that is itself made of chunks is no chunk
            return chunk;
        await inner.WriteAllAsync(chunk, content, cancellationToken);
        await inner.ContainsAsync(chunk, cancellationToken); // a use of it: else it might be the first to leave while its blob is still being cut
        return chunk;
    }

    /// <summary>Makes a blob visible that the chunks make, which the caller has verified.</summary>
    /// <exception cref="BlobsMissingException">Chunks left meanwhile.</exception>
    /// <exception cref="StoreFullException">There is no room for the recipe.</exception>
    internal async ValueTask KeepRecipeAsync(Digest digest, Recipe recipe, CancellationToken cancellationToken)
    {
        await inner.WriteAllAsync(digest.RecipeKey(), recipe.Encode(), cancellationToken);
        if (await inner.FindMissingAsync(recipe.Chunks, cancellationToken) is { Count: > 0 } missing)
            throw new BlobsMissingException(missing);
    }

    private async ValueTask<BlobReader?> OpenLargeAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        if (await FindRecipeAsync(digest, cancellationToken) is not { } recipe)
            return await inner.OpenReadAsync(digest, offset, cancellationToken);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, recipe.BlobBytes);
        return new ChunkedReader(inner, digest, recipe, offset);
    }

    private async ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(
        IReadOnlyCollection<Digest> digests, List<Digest> large, CancellationToken cancellationToken)
    {
        IReadOnlyCollection<Digest> missing = await inner.FindMissingAsync(large.ConvertAll(digest => digest.RecipeKey()), cancellationToken);
        if (missing.Count == large.Count)
            return await inner.FindMissingAsync(digests, cancellationToken);

        HashSet<Digest> without = [.. missing], found = [];
        foreach (Digest digest in large.Distinct())
        {
            if (!without.Contains(digest.RecipeKey()) && await FindRecipeAsync(digest, cancellationToken) is not null)
                found.Add(digest);
        }

        return await inner.FindMissingAsync(found.Count == 0 ? digests : [.. digests.Where(digest => !found.Contains(digest))], cancellationToken);
    }
}
