using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.Trees.Stored;

/// <summary>The directories of a tree as the CAS has them: complete, and each of them valid, so that every path in it leads to a place below its root. Its files are not looked at.</summary>
public sealed class StoredTree
{
    private const int MaxDirectoryBytes = 64 * 1024 * 1024;
    private const long MaxNodes = 20_000_000; // a few directories that contain each other often are more than there is room for anywhere
    private const int MaxDepth = 1024; // nothing deeper has a path that the kernel takes
    private readonly Dictionary<Digest, Reapi.Directory> directories;

    private StoredTree(Digest root, Dictionary<Digest, Reapi.Directory> directories) => (Root, this.directories) = (root, directories);

    /// <summary>The digest of its root directory.</summary>
    public Digest Root { get; }

    /// <summary>Reads the directories of a tree.</summary>
    /// <exception cref="TreeException">The CAS lacks some of them, or one is none; or they name each other so often, or so deep, that nobody could write all of it down.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public static Task<StoredTree> LoadAsync(IBlobStore cas, Digest root, CancellationToken cancellationToken)
    {
        return LoadAsync(root, LoadBatchAsync, cancellationToken);

        async ValueTask<IReadOnlyList<Reapi.Directory?>> LoadBatchAsync(IReadOnlyList<Digest> digests, CancellationToken cancellation) =>
            await Task.WhenAll(digests.Select(digest => LoadOneAsync(cas, digest, cancellation)));
    }

    /// <summary>Takes the directories of a tree that are at hand, encoded and by their digests.</summary>
    /// <exception cref="TreeException">Some are not there, or one is none.</exception>
    internal static Task<StoredTree> OfAsync(Digest root, IReadOnlyDictionary<Digest, byte[]> encoded, CancellationToken cancellationToken) =>
        LoadAsync(root, (digests, _) => ValueTask.FromResult<IReadOnlyList<Reapi.Directory?>>(
            [.. digests.Select(digest => encoded.TryGetValue(digest, out byte[]? content) ? Reapi.Directory.Parser.ParseFrom(content) : null)]), cancellationToken);

    /// <summary>A tree on this machine, all of which is hashed.</summary>
    internal static Task<StoredTree> OfAsync(Local.LocalTree tree, CancellationToken cancellationToken) =>
        OfAsync(tree.Root.Digest, tree.Directories.DistinctBy(directory => directory.Digest).ToDictionary(directory => directory.Digest, directory => directory.Message), cancellationToken);

    /// <summary>All that is in it: directories before what they contain, and in one directory by name.</summary>
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

    /// <summary>What a directory that occurs in the tree contains.</summary>
    internal IEnumerable<StoredNode> ChildrenOf(Digest directory, string prefix) => NodesOf(directories[directory], directory, prefix);

    /// <summary>What a directory contains, which is valid.</summary>
    internal static IEnumerable<StoredNode> NodesOf(Reapi.Directory message, Digest self, string prefix) =>
        message.Directories.Select(child => new StoredNode(prefix + child.Name) { Directory = DigestOf(self, child.Digest) })
            .Concat(message.Files.Select(file => new StoredNode(prefix + file.Name) { File = DigestOf(self, file.Digest), IsExecutable = file.IsExecutable }))
            .Concat(message.Symlinks.Select(link => new StoredNode(prefix + link.Name) { Target = link.Target }));

    private static async Task<StoredTree> LoadAsync(Digest root, DirectoryLoader load, CancellationToken cancellationToken)
    {
        Dictionary<Digest, Reapi.Directory> directories = [];
        try
        {
            await foreach (DirectoryVisit visit in new MerkleTreeWalk().WalkAsync(root, load, cancellationToken))
            {
                if (visit.Directory is null)
                    throw new TreeException(visit.Digest == root ? $"the server has no directory {root}" : $"the server lacks a part of {root}: directory {visit.Digest}");
                if (!DirectoryValidator.TryValidate(visit.Directory, visit.Digest, allowAbsoluteTargets: true, out string? error))
                    throw new TreeException($"directory {visit.Digest} of {root} can't be used: {error}");
                directories.Add(visit.Digest, visit.Directory);
            }
        }
        catch (Exception exception) when (exception is TreeTooLargeException or BlobTooLargeException || MalformedMessage.IsReason(exception))
        {
            throw new TreeException($"{root} is no directory: {exception.Message}", exception);
        }

        var tree = new StoredTree(root, directories);
        tree.Measure(root, 0, []);
        return tree;
    }

    /// <summary>How much is in a directory and how deep, without walking through what occurs several times again and again.</summary>
    private (long Nodes, int Height) Measure(Digest directory, int depth, Dictionary<Digest, (long Nodes, int Height)> known)
    {
        if (!known.TryGetValue(directory, out (long Nodes, int Height) size))
        {
            if (depth > MaxDepth)
                throw new TreeException($"{Root} is deeper than {MaxDepth} directories");
            Reapi.Directory message = directories[directory];
            size = (message.Files.Count + message.Symlinks.Count, 0);
            foreach (Reapi.DirectoryNode child in message.Directories)
            {
                (long nodes, int height) = Measure(DigestOf(Root, child.Digest), depth + 1, known);
                size = (size.Nodes + 1 + nodes, Math.Max(size.Height, height + 1));
                if (size.Nodes > MaxNodes)
                    throw new TreeException($"{Root} has more than {MaxNodes} files, directories and symlinks: take a part of it");
            }

            known.Add(directory, size);
        }

        return depth + size.Height <= MaxDepth ? size : throw new TreeException($"{Root} is deeper than {MaxDepth} directories");
    }

    private static async Task<Reapi.Directory?> LoadOneAsync(IBlobStore cas, Digest digest, CancellationToken cancellationToken)
    {
        byte[]? content = await cas.ReadAllAsync(digest, MaxDirectoryBytes, cancellationToken);
        if (content is not null && digest.SiblingOf(content) != digest)
            throw new TreeException($"the server sent something else than directory {digest}");
        return content is null ? null : Reapi.Directory.Parser.ParseFrom(content);
    }

    private static Digest DigestOf(Digest self, Reapi.Digest digest) =>
        self.TryParseSibling(digest, out Digest parsed, out string? error) ? parsed : throw new TreeException($"{self} is no directory: {error}");
}
