using RemoteExec.ActionCache;
using RemoteExec.Cas;
using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Provenance;
using RemoteExec.Protocol;

namespace RemoteExec.Execution.Actions;

/// <summary>
/// What happens to a worker's result before its clients get it. Workers are trusted to run commands, not to have uploaded what they name, nor
/// with the action cache: only this side writes it.
/// </summary>
internal sealed class ResultRecorder(IBlobStore cas, IActionCache cache, ProvenanceSigner? signer)
{
    private readonly ResultCompleteness completeness = new(cas);
    private readonly InlinedContent inlined = new(cas);

    /// <summary>
    /// What is wrong with a result: malformed, or outputs that are not in the CAS; null if nothing is. Inlined content is moved into the CAS.
    /// </summary>
    /// <exception cref="CasException">Storage failed.</exception>
    public async Task<string?> FindProblemAsync(Digest actionDigest, Reapi.ActionResult result, CancellationToken cancellationToken)
    {
        if (!ActionResultValidator.TryValidate(result, actionDigest, out string? error))
            return error;
        await inlined.MoveToCasAsync(result, actionDigest, cancellationToken);
        return await completeness.IsCompleteAsync(result, actionDigest, cancellationToken) ? null : "it names outputs that are not in the CAS";
    }

    /// <summary>A response whose result is good, with what is signed of it if that is wanted.</summary>
    public Reapi.ExecuteResponse Sign(Digest actionDigest, Reapi.ExecuteResponse response, Submission? submission) => signer?.Sign(response, actionDigest, submission) ?? response;

    /// <summary>Stores a result that is good.</summary>
    /// <param name="actionDigest">The action.</param>
    /// <param name="result">Its result.</param>
    /// <param name="isRepeated">True if it may have been stored already: then it is looked whether it was, so that it is not written twice, whenever it was signed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CasException">Storage failed.</exception>
    public async Task StoreAsync(Digest actionDigest, Reapi.ActionResult result, bool isRepeated, CancellationToken cancellationToken)
    {
        if (!isRepeated || await cache.GetAsync(actionDigest, cancellationToken) is not { } stored || !Statements.AreSameBeside(stored, result))
            await cache.PutAsync(actionDigest, result, cancellationToken);
    }
}
