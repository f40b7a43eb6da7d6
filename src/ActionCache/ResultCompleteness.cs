using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.ActionCache;

/// <summary>
/// Whether the outputs of a result are in the CAS, down to every file in every tree (AC-02). A result that can't be checked, because it or one
/// of its trees is malformed or too large, is not complete. Inlined data without a digest needs no copy in the CAS.
/// </summary>
public sealed class ResultCompleteness(IBlobStore cas)
{
    private const int MaxTreeBytes = 128 * 1024 * 1024;
    private const int MaxDirectoryBytes = 64 * 1024 * 1024;
    private const int FilesPerLookup = 10_000;
    private static readonly MerkleTreeWalk walk = new();

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
            if (!await IsHierarchyCompleteAsync(root, cancellationToken))
                return false;
        }

        return true;
    }

    private async ValueTask<bool> IsTreeCompleteAsync(Digest digest, CancellationToken cancellationToken)
    {
        // The directories of a Tree need not be blobs of their own: only files count.
        byte[]? tree = await TryReadAsync(digest, MaxTreeBytes, cancellationToken);
        return tree is not null && TreeFiles.Of(tree, digest) is { } files && await ArePresentAsync(files, cancellationToken);
    }

    private async Task<bool> IsHierarchyCompleteAsync(Digest root, CancellationToken cancellationToken)
    {
        var files = new HashSet<Digest>();
        try
        {
            await foreach (DirectoryVisit visit in walk.WalkAsync(root, LoadAsync, cancellationToken))
            {
                if (visit.Directory is null || !TreeFiles.TryAdd(files, visit.Directory, root)
                    || !visit.Directory.Directories.All(child => root.TryParseSibling(child.Digest, out _, out _)))
                    return false;
                if (files.Count < FilesPerLookup)
                    continue;
                if (!await ArePresentAsync(files, cancellationToken))
                    return false;
                files.Clear();
            }
        }
        catch (TreeTooLargeException)
        {
            return false;
        }

        return await ArePresentAsync(files, cancellationToken);
    }

    private async ValueTask<IReadOnlyList<Reapi.Directory?>> LoadAsync(IReadOnlyList<Digest> digests, CancellationToken cancellationToken)
    {
        var directories = new Reapi.Directory?[digests.Count];
        for (int i = 0; i < directories.Length; i++)
            directories[i] = await TryReadAsync(digests[i], MaxDirectoryBytes, cancellationToken) is { } content ? TryParse(content) : null;
        return directories;
    }

    private static Reapi.Directory? TryParse(byte[] content)
    {
        try
        {
            return Reapi.Directory.Parser.ParseFrom(content);
        }
        catch (Exception exception) when (MalformedMessage.IsReason(exception))
        {
            return null;
        }
    }

    private async ValueTask<byte[]?> TryReadAsync(Digest digest, int maxBytes, CancellationToken cancellationToken)
    {
        try
        {
            return await cas.ReadAllAsync(digest, maxBytes, cancellationToken);
        }
        catch (Exception exception) when (exception is BlobTooLargeException or BlobCorruptException)
        {
            return null;
        }
    }

    private async ValueTask<bool> ArePresentAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken) =>
        digests.Count == 0 || (await cas.FindMissingAsync(digests, cancellationToken)).Count == 0;
}
