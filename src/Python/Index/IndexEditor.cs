using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Python.Names;

namespace RemoteExec.Python.Index;

/// <summary>Changes an index: reads it, makes another one, and lets the reference name that if nobody else was faster; else all of it is done again with what he has left. So no change is lost.</summary>
/// <param name="reference">The name under which it is.</param>
/// <param name="cas">Where it is.</param>
/// <param name="instance">The instance that it is in.</param>
public sealed class IndexEditor(IIndexReference reference, IBlobStore cas, InstanceName instance)
{
    /// <summary>The index as it is.</summary>
    /// <exception cref="PythonIndexException">What the reference names is none.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public async Task<IndexTree> ReadAsync(CancellationToken cancellationToken) =>
        await IndexTree.LoadAsync(cas, instance, (await reference.FindAsync(cancellationToken)).Root, cancellationToken);

    /// <summary>Changes a project.</summary>
    /// <param name="name">The project.</param>
    /// <param name="note">What is changed.</param>
    /// <param name="change">Makes another state out of one; may be asked again. The same state: nothing is to be changed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The state that the project has then.</returns>
    /// <exception cref="PythonIndexException">What the reference names is no index, or the change is refused.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public async Task<IndexedProject> ChangeAsync(ProjectName name, string note, Func<IndexedProject, Task<IndexedProject>> change, CancellationToken cancellationToken)
    {
        IndexedProject? changed = null;
        await ChangeAsync(
            note,
            async tree =>
            {
                IndexedProject project = await tree.ReadAsync(name, cancellationToken);
                changed = await change(project);
                return ReferenceEquals(changed, project) ? tree : await tree.WithAsync(name, changed, cancellationToken);
            },
            cancellationToken);
        return changed!;
    }

    /// <summary>Changes the index.</summary>
    /// <param name="note">What is changed.</param>
    /// <param name="change">Makes another one out of one; may be asked again. The same one: nothing is to be changed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="PythonIndexException">What the reference names is no index, or the change is refused.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public async Task ChangeAsync(string note, Func<IndexTree, Task<IndexTree>> change, CancellationToken cancellationToken)
    {
        while (true)
        {
            (Digest? root, long version) = await reference.FindAsync(cancellationToken);
            IndexTree tree = await IndexTree.LoadAsync(cas, instance, root, cancellationToken), changed = await change(tree);
            if (ReferenceEquals(changed, tree))
                return;
            Digest next = await changed.StoreAsync(cancellationToken);
            if (next == root || await reference.TrySetAsync(next, version, note, cancellationToken))
                return;
        }
    }
}
