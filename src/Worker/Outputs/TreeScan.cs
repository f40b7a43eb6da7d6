using RemoteExec.Native;

namespace RemoteExec.Worker.Outputs;

/// <summary>Finds all that is in an output directory.</summary>
/// <param name="nodes">Knows what single ones are.</param>
/// <param name="tally">Counts them.</param>
internal sealed class TreeScan(OutputNodes nodes, OutputTally tally)
{
    private const UnixFileMode OwnerMayList = UnixFileMode.UserRead | UnixFileMode.UserExecute;

    /// <summary>What is in a directory, at any depth: parents before children.</summary>
    /// <exception cref="BadOutputException">It contains what can't be an output.</exception>
    /// <exception cref="TooManyOutputsException">It contains too much.</exception>
    public IReadOnlyList<FoundNode> Scan(FoundNode directory, CancellationToken cancellationToken)
    {
        var found = new List<FoundNode>();
        var todo = new Stack<FoundNode>();
        todo.Push(directory);
        while (todo.TryPop(out FoundNode? next))
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (string path in List(next.Path, next.Status))
            {
                string name = Path.GetFileName(path);

                // A name that is no UTF-8 comes with replacement characters, under which nothing is found (or another file).
                if (FileStatus.Of(path) is not { } status)
                    throw new BadOutputException($"'{nodes.Display(path)}' has a name that is no UTF-8");
                tally.Add(nodes.Display(path), status);
                var node = new FoundNode(path, next.Relative.Length == 0 ? name : $"{next.Relative}/{name}", status);
                switch (status.Kind)
                {
                    case FileKind.File:
                        break;
                    case FileKind.Symlink:
                        node = node with { Target = nodes.TargetOf(path) };
                        break;
                    case FileKind.Directory:
                        todo.Push(node);
                        break;
                    default:
                        throw OutputNodes.Special(path);
                }

                found.Add(node);
            }
        }

        return found;
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
