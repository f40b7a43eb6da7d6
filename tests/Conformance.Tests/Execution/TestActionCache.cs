using System.Collections.Concurrent;
using RemoteExec.ActionCache;
using Digest = RemoteExec.Protocol.Digest;

namespace RemoteExec.Conformance.Tests.Execution;

/// <summary>An action cache in memory.</summary>
internal sealed class TestActionCache : IActionCache
{
    private readonly ConcurrentDictionary<Digest, Reapi.ActionResult> results = [];

    public Task<Reapi.ActionResult?> GetAsync(Digest actionDigest, CancellationToken cancellationToken) =>
        Task.FromResult(results.TryGetValue(actionDigest, out Reapi.ActionResult? result) ? result.Clone() : null);

    public Task PutAsync(Digest actionDigest, Reapi.ActionResult result, CancellationToken cancellationToken)
    {
        results[actionDigest] = result.Clone();
        return Task.CompletedTask;
    }
}
