using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Python.Names;
using RemoteExec.Trees;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Python.Index;

/// <summary>
/// An index as a directory of the CAS: in it a directory for each project, and in that the project's files, the metadata of each, and one document of what is known of them. All of it is under SHA-256, so that the digest
/// of a file is the hash that clients of the index know. Is not changed; changes make another one.
/// </summary>
public sealed class IndexTree
{
    private readonly IBlobStore cas;
    private readonly InstanceName instance;
    private readonly SortedDictionary<string, Digest> projects;

    private IndexTree(IBlobStore cas, InstanceName instance, SortedDictionary<string, Digest> projects) => (this.cas, this.instance, this.projects) = (cas, instance, projects);

    /// <summary>True if it was read, and there was nothing to read.</summary>
    public bool IsNew { get; private init; }

    /// <summary>The projects that it knows, in the order of their names.</summary>
    public IReadOnlyList<ProjectName> Projects => [.. projects.Keys.Select(ProjectName.Parse)];

    /// <summary>Reads which projects there are.</summary>
    /// <param name="cas">Where it is.</param>
    /// <param name="instance">The instance that it is in.</param>
    /// <param name="root">Its directory; null for an index without anything.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="PythonIndexException">The directory is not that of an index.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public static async Task<IndexTree> LoadAsync(IBlobStore cas, InstanceName instance, Digest? root, CancellationToken cancellationToken)
    {
        var projects = new SortedDictionary<string, Digest>(Utf8Order.Instance);
        foreach (StoredNode node in root is { } directory ? await ListAsync(cas, directory, cancellationToken) : [])
        {
            if (node.Directory is not { Function: DigestFunction.Sha256 } project || !ProjectName.TryParse(node.Path, out ProjectName name) || name.Value != node.Path)
                throw new PythonIndexException($"{root} is no Python index: '{node.Path}' in it is no directory of a project");
            projects.Add(node.Path, project);
        }

        return new IndexTree(cas, instance, projects) { IsNew = root is null };
    }

    /// <summary>The directory of a project; null if it is not in the index.</summary>
    public Digest? DirectoryOf(ProjectName name) => projects.TryGetValue(name.Value, out Digest directory) ? directory : null;

    /// <summary>Reads a project; an empty one if it is not in the index.</summary>
    /// <exception cref="PythonIndexException">Its directory is none of an index.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public async Task<IndexedProject> ReadAsync(ProjectName name, CancellationToken cancellationToken)
    {
        if (DirectoryOf(name) is not { } directory)
            return IndexedProject.Empty;
        IReadOnlyList<StoredNode> nodes = await ListAsync(cas, directory, cancellationToken);
        var contents = nodes.Where(node => node.File is not null).ToDictionary(node => node.Path, node => node.File!.Value, StringComparer.Ordinal);
        var directories = nodes.Where(node => node.Directory is not null).ToDictionary(node => node.Path, node => node.Directory!.Value, StringComparer.Ordinal);
        try
        {
            if (!contents.Remove(ProjectDocument.FileName, out Digest document) || await cas.ReadAllAsync(document, ProjectDocument.MaxBytes, cancellationToken) is not { } content)
                throw new PythonIndexException($"'{name}' has no {ProjectDocument.FileName}: set the reference of the index back to what it was, 'remoteexec refs log' shows that");
            return new IndexedProject(ProjectDocument.Decode(content).Files, contents, directories);
        }
        catch (Exception exception) when (exception is InvalidDataException or BlobTooLargeException)
        {
            throw new PythonIndexException($"{ProjectDocument.FileName} of '{name}' can't be read: {exception.Message}", exception);
        }
    }

    /// <summary>The index with another state of a project; one of which nothing is known is not in it any more. What is new of the project is in the CAS when this returns.</summary>
    /// <exception cref="CasException">The CAS fails.</exception>
    public async Task<IndexTree> WithAsync(ProjectName name, IndexedProject project, CancellationToken cancellationToken)
    {
        var changed = new SortedDictionary<string, Digest>(projects, Utf8Order.Instance);
        if (project.IsEmpty)
        {
            changed.Remove(name.Value);
            return new IndexTree(cas, instance, changed);
        }

        byte[] document = new ProjectDocument([.. project.Records]).Encode();
        var directory = new Reapi.Directory();
        foreach ((string file, Digest content) in project.Contents.Append(new(ProjectDocument.FileName, await StoreAsync(document, cancellationToken))).OrderBy(entry => entry.Key, Utf8Order.Instance))
            directory.Files.Add(new Reapi.FileNode { Name = file, Digest = content.ToProto() });
        foreach ((string wheel, Digest content) in project.Directories.OrderBy(entry => entry.Key, Utf8Order.Instance))
            directory.Directories.Add(new Reapi.DirectoryNode { Name = wheel, Digest = content.ToProto() });
        changed[name.Value] = await StoreAsync(directory.ToByteArray(), cancellationToken);
        return new IndexTree(cas, instance, changed);
    }

    /// <summary>Stores its directory.</summary>
    /// <returns>The digest of that.</returns>
    /// <exception cref="CasException">The CAS fails.</exception>
    public Task<Digest> StoreAsync(CancellationToken cancellationToken)
    {
        var directory = new Reapi.Directory();
        foreach ((string name, Digest project) in projects)
            directory.Directories.Add(new Reapi.DirectoryNode { Name = name, Digest = project.ToProto() });
        return StoreAsync(directory.ToByteArray(), cancellationToken);
    }

    private async Task<Digest> StoreAsync(byte[] content, CancellationToken cancellationToken)
    {
        Digest digest = IncrementalHasher.Compute(instance, DigestFunction.Sha256, content);
        if (!await cas.ContainsAsync(digest, cancellationToken))
            await cas.WriteAllAsync(digest, content, cancellationToken);
        return digest;
    }

    private static async Task<IReadOnlyList<StoredNode>> ListAsync(IBlobStore cas, Digest directory, CancellationToken cancellationToken)
    {
        try
        {
            return await StoredPath.ListAsync(cas, directory, "", cancellationToken);
        }
        catch (TreeException exception)
        {
            throw new PythonIndexException($"the index can't be read: {exception.Message}", exception);
        }
    }
}
