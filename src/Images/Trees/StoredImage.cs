using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.Images.Trees;

/// <summary>The directories of an image as the CAS has them: complete, and each of them valid.</summary>
public sealed class StoredImage
{
    private const int MaxDirectoryBytes = 64 * 1024 * 1024;
    private readonly Dictionary<Digest, Reapi.Directory> directories = [];

    private StoredImage(Digest root) => Root = root;

    /// <summary>The digest of its root directory.</summary>
    public Digest Root { get; }

    /// <summary>Reads the directories of an image.</summary>
    /// <exception cref="ImageException">The CAS lacks some of them, or one is none.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public static async Task<StoredImage> LoadAsync(IBlobStore cas, Digest root, CancellationToken cancellationToken)
    {
        var image = new StoredImage(root);
        try
        {
            await foreach (DirectoryVisit visit in new MerkleTreeWalk().WalkAsync(root, LoadBatchAsync, cancellationToken))
            {
                if (visit.Directory is null)
                    throw new ImageException(visit.Digest == root ? $"the server has no image {root}: build it again" : $"the server lacks a part of {root}: directory {visit.Digest}; build the image again");
                if (!DirectoryValidator.TryValidate(visit.Directory, visit.Digest, allowAbsoluteTargets: true, out string? error))
                    throw new ImageException($"directory {visit.Digest} of {root} can't be used: {error}");
                image.directories.Add(visit.Digest, visit.Directory);
            }
        }
        catch (Exception exception) when (exception is TreeTooLargeException or BlobTooLargeException || MalformedMessage.IsReason(exception))
        {
            throw new ImageException($"{root} is no image: {exception.Message}", exception);
        }

        return image;

        async ValueTask<IReadOnlyList<Reapi.Directory?>> LoadBatchAsync(IReadOnlyList<Digest> digests, CancellationToken cancellation) =>
            await Task.WhenAll(digests.Select(digest => cas.ReadMessageAsync(digest, Reapi.Directory.Parser, MaxDirectoryBytes, cancellation).AsTask()));
    }

    /// <summary>All that is in it: directories before what they contain, and in one directory by name. Not for trees that name one directory so often that nobody could write all of them down.</summary>
    public IEnumerable<StoredNode> Nodes()
    {
        var waiting = new Stack<StoredNode>();
        Push(Root, "");
        while (waiting.TryPop(out StoredNode? node))
        {
            yield return node;
            if (node.Directory is { } directory)
                Push(directory, node.Path + "/");
        }

        void Push(Digest digest, string prefix)
        {
            foreach (StoredNode child in ChildrenOf(digest, prefix).OrderByDescending(child => child.Path, Utf8Order.Instance))
                waiting.Push(child);
        }
    }

    /// <summary>What a directory that occurs in the image contains.</summary>
    internal IEnumerable<StoredNode> ChildrenOf(Digest directory, string prefix)
    {
        Reapi.Directory message = directories[directory];
        return message.Directories.Select(child => new StoredNode(prefix + child.Name) { Directory = DigestOf(child.Digest) })
            .Concat(message.Files.Select(file => new StoredNode(prefix + file.Name) { File = DigestOf(file.Digest), IsExecutable = file.IsExecutable }))
            .Concat(message.Symlinks.Select(link => new StoredNode(prefix + link.Name) { Target = link.Target }));
    }

    private Digest DigestOf(Reapi.Digest digest) =>
        Root.TryParseSibling(digest, out Digest parsed, out string? error) ? parsed : throw new ImageException($"{Root} is no image: {error}");
}
