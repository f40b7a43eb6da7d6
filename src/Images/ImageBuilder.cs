using RemoteExec.Cas;
using RemoteExec.Images.Archives;
using RemoteExec.Images.Trees;
using RemoteExec.Protocol;

namespace RemoteExec.Images;

/// <summary>
/// Builds images: each archive becomes a tree, unless it is known what it becomes and the CAS has it all; the trees are laid over each other; the CAS gets what it lacks. The result
/// follows from the recipe alone.
/// </summary>
/// <param name="cas">Where images go.</param>
/// <param name="http">Fetches archives; must follow no redirects.</param>
/// <param name="options">How.</param>
/// <param name="time">The clock.</param>
public sealed class ImageBuilder(IBlobStore cas, HttpClient http, ImageBuilderOptions options, TimeProvider time)
{
    private const string OfRecipe = "the recipe";
    private readonly ArchiveTreeCache cache = new(options.CacheDirectory, options.Instance, options.Function, time);
    private readonly ArchiveFile files = new(http, time);

    /// <summary>Builds an image, and returns when the CAS has all of it.</summary>
    /// <param name="recipe">What it is made of.</param>
    /// <param name="done">Told of each archive that is done; not always in the order of the recipe.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ImageException">It can't be built.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public async Task<BuiltImage> BuildAsync(ImageRecipe recipe, IProgress<ArchiveOutcome> done, CancellationToken cancellationToken)
    {
        var parts = new (ImageDirectory Tree, ArchiveOutcome Outcome)[recipe.Archives.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, parts.Length), new ParallelOptions { MaxDegreeOfParallelism = options.Parallelism, CancellationToken = cancellationToken },
            async (number, token) =>
            {
                parts[number] = await GetAsync(recipe.Archives[number], token);
                done.Report(parts[number].Outcome);
            });

        using var spool = new BlobSpool(options.Instance, options.Function);
        var merge = new ImageMerge();
        AddEach(merge, recipe.Directories.Select(path => (path, (ImageNode?)null)));
        AddEach(merge, recipe.Symlinks.Select(link => (link.Path, (ImageNode?)new ImageSymlink(link.Target))));
        for (int i = 0; i < parts.Length; i++)
            merge.Add(parts[i].Tree, recipe.Archives[i].Name, recipe.Archives[i].Replace);
        AddEach(merge, recipe.Files.Select(file => (file.Path, (ImageNode?)new ImageFile(spool.Add(file.Content.ToArray()), file.IsExecutable))));

        MerkleTree tree = merge.Root.ToMerkleTree(options.Instance, options.Function);
        foreach ((Digest _, ReadOnlyMemory<byte> content) in tree.Blobs)
            spool.Add(content.ToArray());
        await spool.UploadAsync(cas, spool.Digests, cancellationToken);

        Digest[] contents = [.. merge.Root.Files().Select(file => file.Digest).Distinct()];
        IReadOnlyCollection<Digest> lost = await cas.FindMissingAsync([.. contents, .. spool.Digests], cancellationToken);
        if (lost.Count > 0)
            throw new ImageException($"the server has dropped {lost.Count} blobs of the image while the others were uploaded: its CAS is too small for it, or others write too much");
        return new BuiltImage(tree.RootDigest, merge.Root.Files().Count(), contents.Sum(digest => digest.SizeBytes), [.. parts.Select(part => part.Outcome)], merge.Conflicts);
    }

    // One by one: what is written in a recipe goes behind the symlinks that stand before it there.
    private static void AddEach(ImageMerge merge, IEnumerable<(string Path, ImageNode? Node)> nodes)
    {
        foreach ((string path, ImageNode? node) in nodes)
        {
            var tree = new ImageDirectory();
            tree.Put(path.Split('/'), node);
            merge.Add(tree, OfRecipe, replace: false);
        }
    }

    private async Task<(ImageDirectory Tree, ArchiveOutcome Outcome)> GetAsync(RecipeArchive archive, CancellationToken cancellationToken)
    {
        if (await cache.FindAsync(archive, cancellationToken) is { } known)
        {
            Digest[] wanted = ContentsOf(known);
            if (wanted.Length == 0 || (await cas.FindMissingAsync(wanted, cancellationToken)).Count == 0)
                return (known, OutcomeOf(archive, known, isCached: true, (0, 0), []));
        }

        try
        {
            return await UnpackAsync(archive, cancellationToken);
        }
        catch (Exception exception) when (exception is ImageException or InvalidDataException or IOException)
        {
            string reason = exception is InvalidDataException ? $"it is damaged, or no {ArchiveTypes.Name(archive.Type)}: {exception.Message}" : exception.Message;
            throw new ImageException($"{archive.Name}: {reason}", exception);
        }
    }

    private async Task<(ImageDirectory Tree, ArchiveOutcome Outcome)> UnpackAsync(RecipeArchive archive, CancellationToken cancellationToken)
    {
        await using FileStream file = await files.OpenAsync(archive, cancellationToken);
        using var spool = new BlobSpool(options.Instance, options.Function);
        var unpacking = new ArchiveUnpacking(archive, spool);
        ImageDirectory tree = await unpacking.RunAsync(ArchiveReader.ReadAsync(archive.Type, file, ArchiveReader.MaxBytes, cancellationToken), cancellationToken);
        (int Blobs, long Bytes) uploaded = await spool.UploadAsync(cas, ContentsOf(tree), cancellationToken);
        await cache.KeepAsync(archive, tree, cancellationToken);
        return (tree, OutcomeOf(archive, tree, isCached: false, uploaded, unpacking.Notices));
    }

    private static Digest[] ContentsOf(ImageDirectory tree) => [.. tree.Files().Select(file => file.Digest).Distinct()];

    private static ArchiveOutcome OutcomeOf(RecipeArchive archive, ImageDirectory tree, bool isCached, (int Blobs, long Bytes) uploaded, IReadOnlyList<string> notices) =>
        new(archive.Name, isCached, tree.Files().Count(), ContentsOf(tree).Sum(digest => digest.SizeBytes), uploaded.Blobs, uploaded.Bytes, notices);
}
