using RemoteExec.Protocol;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Trees.Local;

/// <summary>Directories on this machine, to be looked at as if they were in the CAS.</summary>
public static class LocalTrees
{
    /// <summary>Reads a directory: what a push of it would send, without anything being left out but what can be in no tree.</summary>
    /// <exception cref="TreeException">It is not there, or a file does not stand still.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public static Task<StoredTree> ReadAsync(string directory, InstanceName instance, DigestFunction function, StateFiles state, TimeProvider time, CancellationToken cancellationToken)
    {
        string path = LocalPath.Resolve(directory) ?? throw new TreeException($"there is no directory '{directory}'");
        LocalTree tree = TreeScan.Run(path, ScanOptions.Everything, cancellationToken);
        new TreeHasher(instance, function, state.DigestsOf(path, function), time).Hash(tree, cancellationToken);
        return StoredTree.OfAsync(tree, cancellationToken);
    }
}
