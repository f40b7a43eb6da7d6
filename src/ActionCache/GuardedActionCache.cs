using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;

namespace RemoteExec.ActionCache;

/// <summary>Lets callers read and write results only in instances in which they may; anything else is an <see cref="AccessDeniedException"/>. It is what services for clients see.</summary>
/// <param name="inner">The results.</param>
/// <param name="guard">Knows the caller.</param>
public sealed class GuardedActionCache(IActionCache inner, AccessGuard guard) : IActionCache
{
    /// <inheritdoc/>
    /// <exception cref="AccessDeniedException">The caller may not read there.</exception>
    public ValueTask<CachedResult?> FindAsync(Digest actionDigest, CancellationToken cancellationToken)
    {
        guard.Check(Right.ReadAc, actionDigest.Instance);
        return inner.FindAsync(actionDigest, cancellationToken);
    }

    /// <inheritdoc/>
    /// <exception cref="AccessDeniedException">The caller may not write there.</exception>
    public Task PutAsync(Digest actionDigest, Reapi.ActionResult result, CancellationToken cancellationToken)
    {
        guard.Check(Right.WriteAc, actionDigest.Instance);
        return inner.PutAsync(actionDigest, result, cancellationToken);
    }

    /// <inheritdoc/>
    /// <exception cref="AccessDeniedException">The caller may not write there.</exception>
    public Task DiscardAsync(Digest actionDigest, CachedResult result, CancellationToken cancellationToken)
    {
        guard.Check(Right.WriteAc, actionDigest.Instance);
        return inner.DiscardAsync(actionDigest, result, cancellationToken);
    }
}
