using RemoteExec.Protocol;
using RemoteExec.Worker.Native;

namespace RemoteExec.Worker.Outputs;

/// <summary>Describes an output directory, with all in it, as a tree of <c>Directory</c> messages (OUT-06); the files go to the blobs.</summary>
internal sealed class TreeBuilder(OutputBlobs blobs, OutputNodes nodes)
{
    private const UnixFileMode OwnerMayList = UnixFileMode.UserRead | UnixFileMode.UserExecute;

    /// <summary>Describes the directory at a path.</summary>
    /// <exception cref="BadOutputException">It contains what can't be an output.</exception>
    public async Task<MerkleTree> BuildAsync(string directory, CancellationToken cancellationToken)
    {
        MerkleTreeBuilder tree = blobs.NewTree();
        var todo = new Stack<(string Path, string Relative)>();
        todo.Push((directory, ""));
        while (todo.TryPop(out (string Path, string Relative) next))
        {
            FileStatus own = FileStatus.Of(next.Path) ?? throw new BadOutputException($"'{nodes.Display(next.Path)}' has a name that is no UTF-8");
            tree.AddDirectory(next.Relative, nodes.PropertiesOf(own));
            foreach (string path in List(next.Path, own))
            {
                string name = Path.GetFileName(path);
                string relative = next.Relative.Length == 0 ? name : $"{next.Relative}/{name}";

                // A name that is no UTF-8 comes with replacement characters, under which nothing is found (or another file).
                if (FileStatus.Of(path) is not { } status)
                    throw new BadOutputException($"'{nodes.Display(path)}' has a name that is no UTF-8");
                switch (status.Kind)
                {
                    case FileKind.File:
                        Digest digest = await blobs.AddFileAsync(path, status, cancellationToken);
                        tree.AddFile(relative, digest, status.IsExecutable, nodes.PropertiesOf(status));
                        break;
                    case FileKind.Symlink:
                        tree.AddSymlink(relative, nodes.TargetOf(path), nodes.PropertiesOf(status));
                        break;
                    case FileKind.Directory:
                        todo.Push((path, relative));
                        break;
                    default:
                        throw OutputNodes.Special(path);
                }
            }
        }

        return tree.Build();
    }

    private static string[] List(string path, FileStatus status)
    {
        // The worker may be no more than the owner, to whom the action closed the directory.
        if (((UnixFileMode)status.Mode & OwnerMayList) != OwnerMayList && !Environment.IsPrivilegedProcess)
            File.SetUnixFileMode(path, (UnixFileMode)status.Mode | OwnerMayList);
        string[] entries = Directory.GetFileSystemEntries(path);
        Array.Sort(entries, StringComparer.Ordinal);
        for (int i = 1; i < entries.Length; i++)
        {
            if (entries[i] == entries[i - 1])
                throw new BadOutputException($"'{Path.GetFileName(path)}' contains a name that is no UTF-8");
        }

        return entries;
    }
}
