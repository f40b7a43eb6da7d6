using RemoteExec.ActionCache;
using RemoteExec.Protocol;

namespace RemoteExec.Server.Auth.Audit;

/// <summary>Writes down who stores results.</summary>
/// <param name="inner">The results.</param>
/// <param name="audit">Where it is written down.</param>
internal sealed class AuditedActionCache(IActionCache inner, AuditLog audit) : IActionCache
{
    /// <inheritdoc/>
    public ValueTask<CachedResult?> FindAsync(Digest actionDigest, CancellationToken cancellationToken) => inner.FindAsync(actionDigest, cancellationToken);

    /// <inheritdoc/>
    public async Task PutAsync(Digest actionDigest, Reapi.ActionResult result, CancellationToken cancellationToken)
    {
        await inner.PutAsync(actionDigest, result, cancellationToken);
        audit.Done("ac.write", actionDigest.Instance, $"{actionDigest.Hash}/{actionDigest.SizeBytes}");
    }

    /// <inheritdoc/>
    public Task DiscardAsync(Digest actionDigest, CachedResult result, CancellationToken cancellationToken) => inner.DiscardAsync(actionDigest, result, cancellationToken);
}
