using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.ActionCache;

/// <summary>
/// Keeps action results in any store: the serialized result is the value under the action's digest. A result comes back as it was put,
/// auxiliary metadata and unknown fields included.
/// </summary>
public sealed class ActionCacheStore(IBlobStore results) : IActionCache
{
    /// <summary>The longest result that is kept, in bytes of its encoding.</summary>
    public const int MaxResultBytes = 64 * 1024 * 1024;

    /// <inheritdoc/>
    /// <exception cref="CasException">The store failed.</exception>
    public async ValueTask<CachedResult?> FindAsync(Digest actionDigest, CancellationToken cancellationToken)
    {
        try
        {
            // What can't be read is no result. The action runs again and its new result replaces this one.
            return await results.ReadAllAsync(actionDigest, MaxResultBytes, cancellationToken) is { } encoded ? CachedResult.TryRead(encoded, actionDigest) : null;
        }
        catch (BlobCorruptException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="BlobTooLargeException">The result is longer than <see cref="MaxResultBytes"/>.</exception>
    /// <exception cref="CasException">The store failed.</exception>
    public async Task PutAsync(Digest actionDigest, Reapi.ActionResult result, CancellationToken cancellationToken)
    {
        int length = result.CalculateSize();
        if (length > MaxResultBytes)
            throw new BlobTooLargeException(actionDigest, length, MaxResultBytes);
        await results.WriteAllAsync(actionDigest, result.ToByteArray(), cancellationToken);
    }

    /// <inheritdoc/>
    /// <exception cref="CasException">The store failed.</exception>
    public async Task DiscardAsync(Digest actionDigest, CachedResult result, CancellationToken cancellationToken)
    {
        // The reader stands for the very value that it has read: one that is stored meanwhile is not discarded with it.
        await using BlobReader? reader = await results.OpenReadAsync(actionDigest, 0, cancellationToken);
        if (reader is null)
            return;
        try
        {
            byte[] content = await reader.ReadAllAsync(actionDigest, MaxResultBytes, cancellationToken);
            if (content.AsSpan().SequenceEqual(result.Encoded.Span))
                reader.Discard();
        }
        catch (BlobCorruptException)
        {
            // The store has dropped it itself.
        }
    }
}
