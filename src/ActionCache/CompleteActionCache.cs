using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.ActionCache;

/// <summary>
/// Hides results whose outputs have left the CAS: what it returns refers only to blobs that are present, and the look-up counts as a use of all
/// of them (AC-02). What exactly is checked, <see cref="ResultCompleteness"/> says.
/// </summary>
/// <param name="inner">The results.</param>
/// <param name="cas">The whole CAS, as clients see it.</param>
/// <param name="discardsIncomplete">
/// True to discard a result that is found incomplete. Not where a part of the CAS may be out of reach: what is missing then is there again later.
/// </param>
public sealed class CompleteActionCache(IActionCache inner, IBlobStore cas, bool discardsIncomplete = true) : IActionCache
{
    private readonly ResultCompleteness completeness = new(cas);

    /// <inheritdoc/>
    /// <exception cref="CasException">A store failed, so that nothing can be said.</exception>
    public async ValueTask<CachedResult?> FindAsync(Digest actionDigest, CancellationToken cancellationToken)
    {
        CachedResult? result = await inner.FindAsync(actionDigest, cancellationToken);
        if (result is null || (result.Refs is { } refs && await completeness.IsCompleteAsync(refs, cancellationToken)))
            return result;
        if (discardsIncomplete)
            await inner.DiscardAsync(actionDigest, result, cancellationToken);
        return null;
    }

    /// <inheritdoc/>
    public Task PutAsync(Digest actionDigest, Reapi.ActionResult result, CancellationToken cancellationToken) =>
        inner.PutAsync(actionDigest, result, cancellationToken);

    /// <inheritdoc/>
    public Task DiscardAsync(Digest actionDigest, CachedResult result, CancellationToken cancellationToken) =>
        inner.DiscardAsync(actionDigest, result, cancellationToken);
}
