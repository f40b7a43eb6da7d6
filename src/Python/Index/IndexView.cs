using System.Collections.Concurrent;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Python.Names;

namespace RemoteExec.Python.Index;

/// <summary>Reads an index again and again: where the reference is at is asked each time, what lies behind it is remembered by its digest, which never means anything else. Thread-safe.</summary>
/// <param name="reference">The name under which it is.</param>
/// <param name="cas">Where it is.</param>
/// <param name="instance">The instance that it is in.</param>
public sealed class IndexView(IIndexReference reference, IBlobStore cas, InstanceName instance)
{
    private const int MostRemembered = 2000;
    private readonly ConcurrentDictionary<Digest, IndexedProject> projects = new();
    private volatile Seen? last;

    /// <summary>The index as it is.</summary>
    /// <exception cref="PythonIndexException">What the reference names is none.</exception>
    /// <exception cref="CasException">The CAS, or what keeps references, fails.</exception>
    public async Task<IndexTree> ReadAsync(CancellationToken cancellationToken)
    {
        Digest? root = (await reference.FindAsync(cancellationToken)).Root;
        if (last is { } seen && seen.Root == root)
            return seen.Tree;
        IndexTree tree = await IndexTree.LoadAsync(cas, instance, root, cancellationToken);
        last = new Seen(root, tree);
        return tree;
    }

    /// <summary>A project as it is; an empty one if it is not in the index.</summary>
    /// <exception cref="PythonIndexException">What the reference names is no index.</exception>
    /// <exception cref="CasException">The CAS, or what keeps references, fails.</exception>
    public async Task<IndexedProject> ReadAsync(ProjectName name, CancellationToken cancellationToken)
    {
        IndexTree tree = await ReadAsync(cancellationToken);
        if (tree.DirectoryOf(name) is not { } directory)
            return IndexedProject.Empty;
        if (projects.TryGetValue(directory, out IndexedProject? known))
            return known;
        IndexedProject project = await tree.ReadAsync(name, cancellationToken);
        if (projects.Count >= MostRemembered)
            projects.Clear();
        projects[directory] = project;
        return project;
    }

    private sealed record Seen(Digest? Root, IndexTree Tree);
}
