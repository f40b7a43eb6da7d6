using RemoteExec.Native;
using RemoteExec.Protocol;
using RemoteExec.Trees.Local;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Trees.Pull;

/// <summary>What a pull that was broken off has left in its staging directory, as far as the next one can use it: everything is hashed again, and what does not belong there goes.</summary>
internal static class Remains
{
    /// <summary>Tidies up, and returns the state of the files that are there already, by their paths.</summary>
    /// <param name="treePath">Where the tree was being put together.</param>
    /// <param name="wanted">What is to come of it.</param>
    /// <param name="hasher">Hashes what is there.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="IOException">Something can't be read or deleted.</exception>
    public static Dictionary<string, FileStatus> TidyUp(string treePath, StoredTree wanted, TreeHasher hasher, CancellationToken cancellationToken)
    {
        var kept = new Dictionary<string, FileStatus>(StringComparer.Ordinal);
        if (!Directory.Exists(treePath))
            return kept;
        LocalTree found = TreeScan.Run(treePath, ScanOptions.Everything, cancellationToken);
        if (found.Skipped.Count > 0)
        {
            TreeRemoval.Remove(treePath); // nothing that a pull makes
            return kept;
        }

        Dictionary<string, StoredNode> nodes = wanted.Nodes().ToDictionary(node => node.Path, StringComparer.Ordinal);
        hasher.Hash(found, cancellationToken);
        foreach (LocalFile file in found.Files)
        {
            StoredNode? node = nodes.GetValueOrDefault(file.Path);
            if (node?.File == file.Digest && node!.IsExecutable == file.Status.IsExecutable)
                kept.Add(file.Path, file.Status);
            else if (node?.File is null || file.Status.Length < ChunkedFetch.MinBytes)
                File.Delete(file.FullPath); // of a large one that is to be here, its chunks may be good
        }

        foreach (LocalDirectory directory in found.Directories.Reverse())
        {
            foreach ((string name, string target) in directory.Symlinks)
            {
                if (nodes.GetValueOrDefault(directory.PathOf(name))?.Target != target)
                    File.Delete($"{directory.FullPath}/{name}");
            }

            if (directory != found.Root && nodes.GetValueOrDefault(directory.Path)?.Directory is null)
                Directory.Delete(directory.FullPath);
        }

        return kept;
    }
}
