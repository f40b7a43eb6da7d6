using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Trees;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Runs.Inputs;

/// <summary>
/// Puts the root of an action's inputs together out of what is in the CAS: files and directories at any place in it. Directories are read only where something else is put into them.
/// Not thread-safe.
/// </summary>
/// <param name="cas">The server's blobs.</param>
/// <param name="instance">The instance of all digests.</param>
/// <param name="function">Their function.</param>
public sealed class InputTree(IBlobStore cas, InstanceName instance, DigestFunction function)
{
    private readonly Place root = new() { Children = new(StringComparer.Ordinal) };

    /// <summary>Puts something at a place; what is there already stays, if the two can be one: directories, or the same twice.</summary>
    /// <param name="node">A directory, a file or a symlink; its path does not count.</param>
    /// <param name="path">Where it is to be, in normal form.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="RunException">Something else is there.</exception>
    /// <exception cref="TreeException">A directory that it has to be put into is not in the CAS.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public async Task AddAsync(StoredNode node, string path, CancellationToken cancellationToken) =>
        await MergeAsync(await FindAsync(path, cancellationToken), node, path, cancellationToken);

    /// <summary>Makes sure that there is a directory at a place.</summary>
    /// <inheritdoc cref="AddAsync"/>
    public async Task AddDirectoryAsync(string path, CancellationToken cancellationToken)
    {
        Place place = await FindAsync(path, cancellationToken);
        if (place.Node is { Directory: null })
            throw Clash(path);
        if (place.Node is null)
            place.Children ??= new(StringComparer.Ordinal);
    }

    /// <summary>Stores the directories that are new, and returns the digest of the root.</summary>
    /// <exception cref="CasException">The CAS fails.</exception>
    public async Task<Digest> StoreAsync(CancellationToken cancellationToken)
    {
        Dictionary<Digest, byte[]> made = [];
        Digest digest = Encode(root, made);
        foreach (Digest missing in await cas.FindMissingAsync(made.Keys.ToArray(), cancellationToken))
            await cas.WriteAllAsync(missing, made[missing], cancellationToken);
        return digest;
    }

    private async Task<Place> FindAsync(string path, CancellationToken cancellationToken)
    {
        Place place = root;
        string passed = "";
        foreach (string segment in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            Dictionary<string, Place> children = await OpenAsync(place, passed, cancellationToken);
            passed = passed.Length == 0 ? segment : $"{passed}/{segment}";
            if (!children.TryGetValue(segment, out Place? child))
                children.Add(segment, child = new Place());
            place = child;
        }

        return place;
    }

    private async Task MergeAsync(Place place, StoredNode node, string path, CancellationToken cancellationToken)
    {
        if (place.IsEmpty)
        {
            (place.Node, place.Children) = (node, null);
            return;
        }

        if (place.Node is { } there && there with { Path = "" } == node with { Path = "" })
            return;
        if (node.Directory is not { } directory)
            throw Clash(path);
        Dictionary<string, Place> children = await OpenAsync(place, path, cancellationToken);
        foreach (StoredNode child in await StoredPath.ListAsync(cas, directory, "", cancellationToken))
        {
            if (!children.TryGetValue(child.Path, out Place? target))
                children.Add(child.Path, target = new Place());
            await MergeAsync(target, child, path.Length == 0 ? child.Path : $"{path}/{child.Path}", cancellationToken);
        }
    }

    private async Task<Dictionary<string, Place>> OpenAsync(Place place, string path, CancellationToken cancellationToken)
    {
        if (place.Node is { Directory: null })
            throw Clash(path);
        if (place.Children is null)
        {
            IReadOnlyList<StoredNode> nodes = place.Node?.Directory is { } directory ? await StoredPath.ListAsync(cas, directory, "", cancellationToken) : [];
            place.Children = nodes.ToDictionary(node => node.Path, node => new Place { Node = node }, StringComparer.Ordinal);
            place.Node = null;
        }

        return place.Children;
    }

    private Digest Encode(Place place, Dictionary<Digest, byte[]> made)
    {
        if (place.Node?.Directory is { } known)
            return known;
        var message = new Reapi.Directory();
        foreach ((string name, Place child) in place.Children!)
        {
            if (child.Node is { File: { } file } leaf)
                message.Files.Add(new Reapi.FileNode { Name = name, Digest = file.ToProto(), IsExecutable = leaf.IsExecutable });
            else if (child.Node is { Target: { } target })
                message.Symlinks.Add(new Reapi.SymlinkNode { Name = name, Target = target });
            else
                message.Directories.Add(new Reapi.DirectoryNode { Name = name, Digest = Encode(child, made).ToProto() });
        }

        byte[] content = CanonicalDirectory.Sort(message).ToByteArray();
        Digest digest = IncrementalHasher.Compute(instance, function, content);
        made[digest] = content;
        return digest;
    }

    private static RunException Clash(string path) => new($"two inputs are to be at '{path}', and are not the same: give one of them another place with PATH=DEST");

    /// <summary>A place in the tree: something that is in the CAS as it is, or a directory that is put together here.</summary>
    private sealed class Place
    {
        public StoredNode? Node { get; set; }

        public Dictionary<string, Place>? Children { get; set; }

        public bool IsEmpty => Node is null && Children is not { Count: > 0 };
    }
}
