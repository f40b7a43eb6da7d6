using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.ActionCache;

/// <summary>
/// Whether the outputs of a result are in the CAS, down to every file in every tree (AC-02). A result that can't be checked, because it or one
/// of its trees is malformed or too large, is not complete. Inlined data without a digest needs no copy in the CAS.
/// </summary>
public sealed class ResultCompleteness(IBlobStore cas)
{
    private const int MaxTreeBytes = 128 * 1024 * 1024;
    private readonly TreePresence presence = new(cas);

    /// <summary>True if every blob it refers to is present; counts as a use of all of them.</summary>
    /// <param name="result">The result; from anywhere, it need not be well-formed.</param>
    /// <param name="action">The digest of its action.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CasException">The store failed, so that nothing can be said.</exception>
    public async Task<bool> IsCompleteAsync(Reapi.ActionResult result, Digest action, CancellationToken cancellationToken) =>
        ActionResultRefs.TryCollect(result, action, out ActionResultRefs? refs, out _) && await IsCompleteAsync(refs, cancellationToken);

    /// <summary>True if every blob that a result refers to is present; counts as a use of all of them.</summary>
    /// <exception cref="CasException">The store failed, so that nothing can be said.</exception>
    public async ValueTask<bool> IsCompleteAsync(ActionResultRefs refs, CancellationToken cancellationToken)
    {
        if (!await ArePresentAsync(refs.All, cancellationToken))
            return false;

        foreach (Digest tree in refs.Trees)
        {
            if (!await IsTreeCompleteAsync(tree, cancellationToken))
                return false;
        }

        foreach (Digest root in refs.RootDirectories)
        {
            if (await presence.FindMissingAsync(root, enough: 1, cancellationToken) is not { Count: 0 })
                return false;
        }

        return true;
    }

    private async ValueTask<bool> IsTreeCompleteAsync(Digest digest, CancellationToken cancellationToken)
    {
        // The directories of a Tree need not be blobs of their own: only files count.
        byte[]? tree = await TryReadAsync(digest, cancellationToken);
        return tree is not null && TreeFiles.Of(tree, digest) is { } files && await ArePresentAsync(files, cancellationToken);
    }

    private async ValueTask<byte[]?> TryReadAsync(Digest digest, CancellationToken cancellationToken)
    {
        try
        {
            return await cas.ReadAllAsync(digest, MaxTreeBytes, cancellationToken);
        }
        catch (Exception exception) when (exception is BlobTooLargeException or BlobCorruptException)
        {
            return null;
        }
    }

    private async ValueTask<bool> ArePresentAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken) =>
        digests.Count == 0 || (await cas.FindMissingAsync(digests, cancellationToken)).Count == 0;
}
