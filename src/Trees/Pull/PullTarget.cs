using RemoteExec.Protocol;
using RemoteExec.Trees.Local;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Trees.Pull;

/// <summary>The directory that is pulled into, as it is before.</summary>
/// <param name="path">Its absolute path.</param>
/// <param name="wanted">What is to be in it.</param>
/// <param name="files">What is known of directories.</param>
/// <param name="time">The clock.</param>
internal sealed class PullTarget(string path, Digest wanted, StateFiles files, TimeProvider time)
{
    private readonly string statePath = files.PullOf(path);

    /// <summary>Its absolute path.</summary>
    public string Path => path;

    /// <summary>What is in it, all of it hashed; null if it is not there.</summary>
    public LocalTree? Tree { get; private set; }

    /// <summary>True if what is wanted is there.</summary>
    public bool IsUpToDate { get; private set; }

    /// <summary>Hashes files with the wanted digest function, and knows what was hashed before.</summary>
    public TreeHasher Hasher { get; } = new(wanted.Instance, wanted.Function, files.DigestsOf(path, wanted.Function), time);

    /// <summary>Looks at what is there.</summary>
    /// <exception cref="IOException">It can't be read.</exception>
    public void Look(CancellationToken cancellationToken)
    {
        if (!Directory.Exists(path))
            return;
        Tree = TreeScan.Run(path, ScanOptions.Everything, cancellationToken);
        Hasher.Hash(Tree, cancellationToken);
        PullState? state = PullState.Load(statePath, wanted.Instance);
        bool isKnown = state?.Root == wanted && state.LocalRoot == Tree.Root.Digest;
        IsUpToDate = Tree.Skipped.Count == 0 && (isKnown || Tree.Root.Digest == wanted);
        if (IsUpToDate && !isKnown)
            Remember(Tree); // it came another way, or by a pull that ended before it could
    }

    /// <summary>Makes sure that nothing is there but what was pulled.</summary>
    /// <exception cref="LocalChangesException">Something else is.</exception>
    public async Task CheckUnchangedAsync(CancellationToken cancellationToken)
    {
        if (Tree is null || Tree.IsEmpty)
            return;
        PullState state = PullState.Load(statePath, wanted.Instance) ?? throw new LocalChangesException(path, []);
        LocalTree now = Tree;
        if (state.Root.Function != wanted.Function)
        {
            now = TreeScan.Run(path, ScanOptions.Everything, cancellationToken);
            new TreeHasher(wanted.Instance, state.Root.Function, files.DigestsOf(path, state.Root.Function), time).Hash(now, cancellationToken);
        }

        if (now.Root.Digest == state.LocalRoot && now.Skipped.Count == 0)
            return;
        StoredTree pulled = await state.FindTreeAsync(statePath, cancellationToken) ?? throw new LocalChangesException(path, []);
        IEnumerable<TreeDifference> differences = TreeDiff.Between(pulled, await StoredTree.OfAsync(now, cancellationToken));
        throw new LocalChangesException(path, [.. differences, .. now.Skipped.Select(skipped => new TreeDifference(skipped, TreeChange.Added))]);
    }

    /// <summary>Makes sure that nobody has changed anything since it was looked at.</summary>
    /// <exception cref="TreeException">Somebody has.</exception>
    public void CheckSame(CancellationToken cancellationToken)
    {
        if (Tree is null)
            return;
        LocalTree now = TreeScan.Run(path, ScanOptions.Everything, cancellationToken);
        if (!StateOf(now).SequenceEqual(StateOf(Tree)))
            throw new TreeException($"'{path}' was changed while it was being replaced: pull again");

        // Not the time of the last change of inodes, which links to them have set.
        static IEnumerable<(string, ulong, long, long, long)> StateOf(LocalTree tree) =>
            tree.Directories.Select(directory => (directory.Path, 0UL, 0L, 0L, (long)directory.Symlinks.Count))
                .Concat(tree.Files.Select(file => (file.Path, file.Status.Inode, file.Status.Length, file.Status.ModifiedSeconds, (long)file.Status.ModifiedNanoseconds)));
    }

    /// <summary>Remembers what is there now.</summary>
    /// <param name="tree">What is there: what was wanted.</param>
    public void Remember(LocalTree tree) => new PullState(wanted, tree.Root.Digest).Save(statePath, tree);
}
