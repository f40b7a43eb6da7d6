using RemoteExec.Cas;
using RemoteExec.Images.Archives;
using RemoteExec.Images.Trees;
using RemoteExec.Protocol;

namespace RemoteExec.Images;

/// <summary>Puts what is in an archive into a CAS as one directory, under the rules that hold for archives of images: nothing leaves the tree, and nothing is unpacked but into the spool.</summary>
/// <param name="cas">Where it goes.</param>
/// <param name="maxBytes">How many bytes it may have once it is inflated, and all of its files together.</param>
/// <param name="spoolDirectory">A directory for what is on its way.</param>
public sealed class ArchiveImport(IBlobStore cas, long maxBytes, string spoolDirectory)
{
    /// <summary>Unpacks an archive, and returns when the CAS has all of it.</summary>
    /// <param name="archive">The archive, at its start; seekable, stays open.</param>
    /// <param name="type">What kind it is.</param>
    /// <param name="instance">The instance of the digests.</param>
    /// <param name="function">The function of the digests.</param>
    /// <param name="subdirectory">The directory of the archive whose content is wanted; empty for all of it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The digest of the root directory.</returns>
    /// <exception cref="ImageException">It can't be unpacked, or has no such directory.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public async Task<Digest> StoreAsync(Stream archive, ArchiveType type, InstanceName instance, DigestFunction function, string subdirectory, CancellationToken cancellationToken)
    {
        using var spool = new BlobSpool(instance, function, maxBytes, spoolDirectory);
        ImageDirectory root;
        try
        {
            var unpacking = new ArchiveUnpacking(new RecipeArchive { Sha256 = "", Type = type }, spool);
            root = await unpacking.RunAsync(ArchiveReader.ReadAsync(type, archive, maxBytes, cancellationToken), cancellationToken);
        }
        catch (InvalidDataException exception)
        {
            throw new ImageException($"it is damaged, or no {ArchiveTypes.Name(type)}: {exception.Message}", exception);
        }

        MerkleTree tree = Find(root, subdirectory).ToMerkleTree(instance, function);
        Digest[] contents = [.. Find(root, subdirectory).Files().Select(file => file.Digest).Distinct()];
        Digest[] directories = [.. tree.Blobs.Select(blob => spool.Add(blob.Value.ToArray()))];
        await spool.UploadAsync(cas, [.. contents, .. directories], cancellationToken);
        return tree.RootDigest;
    }

    private static ImageDirectory Find(ImageDirectory root, string path)
    {
        if (!ImagePath.TrySplit(path, out string[] segments, out string? error))
            throw new ImageException($"the directory '{path}' {error}");
        ImageDirectory place = root;
        foreach (string segment in segments)
            place = place.Children.GetValueOrDefault(segment) as ImageDirectory ?? throw new ImageException($"there is no directory '{path}' in it");
        return place;
    }
}
