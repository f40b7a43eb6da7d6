using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Native;
using RemoteExec.Protocol;
using RemoteExec.Worker.Inputs;

namespace RemoteExec.Worker.Replay;

/// <summary>The outputs that a result tells of, each by its path, and all that is in its directories.</summary>
/// <param name="action">The action's digest: those in its result have its instance and its function.</param>
/// <param name="cas">Where the directories are.</param>
internal sealed class RecordedOutputs(Digest action, IBlobStore cas)
{
    private readonly Dictionary<string, ResultNode> nodes = new(StringComparer.Ordinal);

    /// <summary>Reads them. Of a directory that the CAS lacks only the path is told.</summary>
    /// <exception cref="ReplayException">They make no sense.</exception>
    public async Task<IReadOnlyDictionary<string, ResultNode>> ReadAsync(Reapi.ActionResult result, CancellationToken cancellationToken)
    {
        foreach (Reapi.OutputFile file in result.OutputFiles)
            nodes[file.Path] = FileOf(file.Digest, file.IsExecutable);
#pragma warning disable CS0612 // deprecated in the API, but what older servers tell
        foreach (Reapi.OutputSymlink link in result.OutputSymlinks.Concat(result.OutputFileSymlinks).Concat(result.OutputDirectorySymlinks))
            nodes[link.Path] = new ResultNode(FileKind.Symlink) { Target = link.Target };
#pragma warning restore CS0612
        foreach (Reapi.OutputDirectory directory in result.OutputDirectories)
        {
            bool isKnown = directory.TreeDigest is { } tree ? await AddTreeAsync(directory.Path, Parse(tree), cancellationToken)
                : directory.RootDirectoryDigest is { } root && await AddDirectoriesAsync(directory.Path, Parse(root), cancellationToken);
            if (!isKnown)
                nodes[directory.Path] = new ResultNode(FileKind.Directory) { IsUnknown = true };
        }

        return nodes;
    }

    private async Task<bool> AddTreeAsync(string path, Digest digest, CancellationToken cancellationToken)
    {
        if (await BlobMessages.ReadAsync(cas, digest, Reapi.Tree.Parser, "tree", cancellationToken) is not { } tree)
            return false;
        var children = new Dictionary<Digest, Reapi.Directory>();
        foreach (Reapi.Directory child in tree.Children)
            children.TryAdd(action.SiblingOf(child.ToByteArray()), child);
        return await AddAsync(path, tree.Root ?? new Reapi.Directory(), child => Task.FromResult(children.GetValueOrDefault(child)));
    }

    private async Task<bool> AddDirectoriesAsync(string path, Digest root, CancellationToken cancellationToken)
    {
        return await ReadAsync(root) is { } directory && await AddAsync(path, directory, ReadAsync);

        async Task<Reapi.Directory?> ReadAsync(Digest digest) => await BlobMessages.ReadAsync(cas, digest, Reapi.Directory.Parser, "directory", cancellationToken);
    }

    private async Task<bool> AddAsync(string path, Reapi.Directory root, Func<Digest, Task<Reapi.Directory?>> find)
    {
        var todo = new Stack<(string Path, Reapi.Directory Directory)>([(path, root)]);
        while (todo.TryPop(out (string Path, Reapi.Directory Directory) next))
        {
            nodes[next.Path] = new ResultNode(FileKind.Directory);
            foreach (Reapi.FileNode file in next.Directory.Files)
                nodes[ResultNode.Join(next.Path, file.Name)] = FileOf(file.Digest, file.IsExecutable);
            foreach (Reapi.SymlinkNode link in next.Directory.Symlinks)
                nodes[ResultNode.Join(next.Path, link.Name)] = new ResultNode(FileKind.Symlink) { Target = link.Target };
            foreach (Reapi.DirectoryNode child in next.Directory.Directories)
            {
                if (await find(Parse(child.Digest)) is not { } directory)
                    return false;
                todo.Push((ResultNode.Join(next.Path, child.Name), directory));
            }
        }

        return true;
    }

    private ResultNode FileOf(Reapi.Digest? digest, bool isExecutable) => new(FileKind.File) { Digest = Parse(digest), IsExecutable = isExecutable };

    private Digest Parse(Reapi.Digest? digest) =>
        action.TryParseSibling(digest, out Digest parsed, out string? error) ? parsed : throw new ReplayException($"the recorded result makes no sense: {error}");
}
