using RemoteExec.Protocol;

namespace RemoteExec.ActionCache;

/// <summary>What callers of any <see cref="IActionCache"/> would otherwise write again and again.</summary>
public static class ActionCacheExtensions
{
    /// <summary>The stored result as a message, which is the caller's; or null.</summary>
    public static async Task<Reapi.ActionResult?> GetAsync(this IActionCache cache, Digest actionDigest, CancellationToken cancellationToken) =>
        (await cache.FindAsync(actionDigest, cancellationToken))?.Parse();
}
