using RemoteExec.Protocol;

namespace RemoteExec.ActionCache;

/// <summary>Results of actions by action digest (which carries instance and digest function, AC-10). May be called concurrently.</summary>
public interface IActionCache
{
    /// <summary>The stored result, or null.</summary>
    ValueTask<CachedResult?> FindAsync(Digest actionDigest, CancellationToken cancellationToken);

    /// <summary>Stores a result; an earlier one is replaced, the last writer wins (AC-11).</summary>
    Task PutAsync(Digest actionDigest, Reapi.ActionResult result, CancellationToken cancellationToken);

    /// <summary>Gives back the space of a result that is of no use any more, unless another one has replaced it. A cache that can't keeps it.</summary>
    Task DiscardAsync(Digest actionDigest, CachedResult result, CancellationToken cancellationToken);
}
