using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.ActionCache;

/// <summary>Takes in the results that clients send, by whichever protocol: checks them, moves inlined data to the CAS, stores them.</summary>
public sealed class ActionResultUploads(IActionCache cache, IBlobStore cas)
{
    private const int MaxActionBytes = 1024 * 1024;
    private readonly InlinedContent inlined = new(cas);

    /// <summary>Stores a result, which is changed to what is kept (AC-06, AC-14).</summary>
    /// <exception cref="ActionResultRefusedException">The result is invalid (AC-05, AC-09), or its action is not to be cached (AC-15).</exception>
    /// <exception cref="CasException">A store failed or is full.</exception>
    public async Task StoreAsync(Digest action, Reapi.ActionResult result, CancellationToken cancellationToken)
    {
        if (!ActionResultValidator.TryValidate(result, action, out string? error))
            throw new ActionResultRefusedException(action, error);
        if (await IsNotToBeCachedAsync(action, cancellationToken))
            throw new ActionResultRefusedException(action, "the action says do_not_cache");

        await inlined.MoveToCasAsync(result, action, cancellationToken);
        await cache.PutAsync(action, result, cancellationToken);
    }

    // Clients should upload the action first (AC-07). Some do not, and some use digests that name no action: that is theirs to decide.
    private async ValueTask<bool> IsNotToBeCachedAsync(Digest action, CancellationToken cancellationToken)
    {
        try
        {
            return await cas.ReadMessageAsync(action, Reapi.Action.Parser, MaxActionBytes, cancellationToken) is { DoNotCache: true };
        }
        catch (Exception exception) when (exception is BlobTooLargeException or BlobCorruptException || MalformedMessage.IsReason(exception))
        {
            return false;
        }
    }
}
