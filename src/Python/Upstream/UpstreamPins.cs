using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Python.Index;
using RemoteExec.Python.Names;

namespace RemoteExec.Python.Upstream;

/// <summary>What files of an upstream stand for, from the first time that one was served; written down by whoever comes first for all that wait. Thread-safe.</summary>
/// <param name="editor">Changes the index of what was fetched.</param>
/// <param name="cas">Where its files are.</param>
internal sealed class UpstreamPins(IndexEditor editor, IBlobStore cas)
{
    private readonly SemaphoreSlim turn = new(1);
    private readonly Lock gate = new(); // guards who waits
    private readonly List<Pin> waiting = [];

    /// <summary>Writes down what a file stands for. When this returns, it is kept.</summary>
    /// <exception cref="UpstreamException">It stands for something else.</exception>
    /// <exception cref="CasException">The CAS, or what keeps references, fails.</exception>
    public async Task AddAsync(ProjectName project, FileRecord record, Digest content, Digest? metadata, CancellationToken cancellationToken)
    {
        var pin = new Pin(project, record, content, metadata);
        lock (gate)
            waiting.Add(pin);
        try
        {
            await turn.WaitAsync(cancellationToken);
            try
            {
                if (!pin.IsDone)
                    await WriteAsync(cancellationToken);
            }
            finally
            {
                turn.Release();
            }
        }
        finally
        {
            lock (gate)
                waiting.Remove(pin);
        }

        if (pin.Other is { } other)
            throw new UpstreamException($"{record.Name} was served with the SHA-256 {other} before, and the upstream has {record.Sha256} now: what an index has served stays what it was");
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        Pin[] batch;
        lock (gate)
            batch = [.. waiting];
        string note = $"pypi fetch {batch[0].Record.Name}{(batch.Length > 1 ? $" and {batch.Length - 1} more" : "")}";
        try
        {
            await editor.ChangeAsync(note, tree => PutAsync(tree, batch, cancellationToken), cancellationToken);
        }
        catch (PythonIndexException)
        {
            // The CAS has lost something that was fetched before, of which only what it stands for is of worth.
            await editor.ChangeAsync(note, async tree => await PutAsync(await WithoutLostAsync(tree, cancellationToken), batch, cancellationToken), cancellationToken);
        }

        foreach (Pin pin in batch)
            pin.IsDone = true;
    }

    private static async Task<IndexTree> PutAsync(IndexTree tree, Pin[] batch, CancellationToken cancellationToken)
    {
        foreach (IGrouping<ProjectName, Pin> group in batch.GroupBy(pin => pin.Project))
        {
            IndexedProject before = await tree.ReadAsync(group.Key, cancellationToken), project = before;
            foreach (Pin pin in group)
            {
                FileRecord? known = project.Find(pin.Record.Name);
                pin.Other = known is not null && known.Sha256 != pin.Record.Sha256 ? known.Sha256 : null;
                if (pin.Other is null && (known is null || project.ContentOf(known.Name) is null))
                    project = project.With(pin.Record, pin.Content, pin.Metadata);
            }

            if (!ReferenceEquals(project, before))
                tree = await tree.WithAsync(group.Key, project, cancellationToken);
        }

        return tree;
    }

    private async Task<IndexTree> WithoutLostAsync(IndexTree tree, CancellationToken cancellationToken)
    {
        foreach (ProjectName name in tree.Projects)
        {
            IndexedProject before = await tree.ReadAsync(name, cancellationToken), project = before;
            HashSet<Digest> missing = [.. await cas.FindMissingAsync([.. before.Contents.Values], cancellationToken)];
            foreach (FileRecord record in before.Files.Where(record => (before.ContentOf(record.Name) is { } content && missing.Contains(content)) || (before.ContentOf(record.Name + IndexedProject.MetadataSuffix) is { } about && missing.Contains(about))))
                project = project.Without(record.Name, isForgotten: false);
            if (!ReferenceEquals(project, before))
                tree = await tree.WithAsync(name, project, cancellationToken);
        }

        return tree;
    }

    private sealed record Pin(ProjectName Project, FileRecord Record, Digest Content, Digest? Metadata)
    {
        public bool IsDone { get; set; }

        public string? Other { get; set; }
    }
}
