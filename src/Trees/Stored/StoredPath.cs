using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.Trees.Stored;

/// <summary>Finds things in trees of the CAS by their paths, and reads only the directories on the way there.</summary>
public static class StoredPath
{
    private const int MaxDirectoryBytes = 64 * 1024 * 1024;

    /// <summary>Finds what is at a path: segments with slashes between; the root itself if it is empty.</summary>
    /// <exception cref="TreeException">Nothing is there, or something on the way is no directory.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public static async Task<StoredNode> FindAsync(IBlobStore cas, Digest root, string path, CancellationToken cancellationToken)
    {
        var node = new StoredNode("") { Directory = root };
        foreach (string segment in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (node.Directory is not { } directory)
                throw new TreeException($"'{node.Path}' is no directory, but {(node.File is null ? $"a symlink to '{node.Target}'" : "a file")}");
            IReadOnlyList<StoredNode> children = await ListAsync(cas, directory, node.Path.Length == 0 ? "" : node.Path + "/", cancellationToken);
            string wanted = node.Path.Length == 0 ? segment : $"{node.Path}/{segment}";
            node = children.FirstOrDefault(child => child.Path == wanted) ?? throw new TreeException($"there is no '{wanted}' in {root.ToArgument()}");
        }

        return node;
    }

    /// <summary>What is in a directory, by name.</summary>
    /// <param name="cas">The server's blobs.</param>
    /// <param name="directory">The directory.</param>
    /// <param name="prefix">What stands before each name in the paths that are returned.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="TreeException">It is not there, or none.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public static async Task<IReadOnlyList<StoredNode>> ListAsync(IBlobStore cas, Digest directory, string prefix, CancellationToken cancellationToken)
    {
        try
        {
            Reapi.Directory message = await cas.ReadMessageAsync(directory, Reapi.Directory.Parser, MaxDirectoryBytes, cancellationToken)
                ?? throw new TreeException($"the server has no directory {directory.ToArgument()}");
            if (!DirectoryValidator.TryValidate(message, directory, allowAbsoluteTargets: true, out string? error))
                throw new TreeException($"{directory.ToArgument()} is no directory: {error}");
            return [.. StoredTree.NodesOf(message, directory, prefix).OrderBy(node => node.Path, Utf8Order.Instance)];
        }
        catch (Exception exception) when (exception is BlobTooLargeException || MalformedMessage.IsReason(exception))
        {
            throw new TreeException($"{directory.ToArgument()} is no directory: {exception.Message}", exception);
        }
    }
}
