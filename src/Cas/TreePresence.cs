using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.Cas;

/// <summary>Says what is missing of a hierarchy of <c>Directory</c> messages, down to every file; what is there counts as used.</summary>
/// <param name="cas">Where it is.</param>
public sealed class TreePresence(IBlobStore cas)
{
    private const int MaxDirectoryBytes = 64 * 1024 * 1024;
    private const int FilesPerLookup = 10_000;
    private static readonly MerkleTreeWalk walk = new();

    /// <summary>The directories and files that are missing, until there are enough of them; none if all are there. Null if it is no such hierarchy, or one too large to look through.</summary>
    /// <param name="root">The root directory.</param>
    /// <param name="enough">After how many it may stop to look for more, at least 1.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CasException">The store failed, so that nothing can be said.</exception>
    public async Task<IReadOnlyCollection<Digest>?> FindMissingAsync(Digest root, int enough, CancellationToken cancellationToken)
    {
        var files = new HashSet<Digest>();
        var missing = new List<Digest>();
        bool isMalformed = false;
        try
        {
            await foreach (DirectoryVisit visit in walk.WalkAsync(root, LoadAsync, cancellationToken))
            {
                if (visit.Directory is null)
                    missing.Add(visit.Digest);
                if (isMalformed || (visit.Directory is not null && !TryAdd(files, visit.Directory, root)))
                    return null;
                if (files.Count >= FilesPerLookup)
                    await LookUpAsync();
                if (missing.Count >= enough)
                    return missing;
            }
        }
        catch (TreeTooLargeException)
        {
            return null;
        }

        await LookUpAsync();
        return missing;

        async ValueTask LookUpAsync()
        {
            if (files.Count > 0)
                missing.AddRange(await cas.FindMissingAsync(files, cancellationToken));
            files.Clear();
        }

        async ValueTask<IReadOnlyList<Reapi.Directory?>> LoadAsync(IReadOnlyList<Digest> digests, CancellationToken cancellation)
        {
            var directories = new Reapi.Directory?[digests.Count];
            for (int i = 0; i < directories.Length; i++)
            {
                if (await TryReadAsync(digests[i], cancellation) is not { } content)
                    continue;
                directories[i] = TryParse(content);
                isMalformed |= directories[i] is null;
            }

            return directories;
        }
    }

    private static bool TryAdd(HashSet<Digest> files, Reapi.Directory directory, Digest root)
    {
        foreach (Reapi.FileNode file in directory.Files)
        {
            if (!root.TryParseSibling(file.Digest, out Digest digest, out _))
                return false;
            files.Add(digest);
        }

        return directory.Directories.All(child => root.TryParseSibling(child.Digest, out _, out _));
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

    private async ValueTask<byte[]?> TryReadAsync(Digest digest, CancellationToken cancellationToken)
    {
        try
        {
            return await cas.ReadAllAsync(digest, MaxDirectoryBytes, cancellationToken);
        }
        catch (Exception exception) when (exception is BlobTooLargeException or BlobCorruptException)
        {
            return null;
        }
    }
}
