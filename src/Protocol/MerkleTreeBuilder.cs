using Google.Protobuf;

namespace RemoteExec.Protocol;

/// <summary>
/// Builds a <see cref="MerkleTree"/> from paths. A path is relative, of segments separated by <c>/</c>; the parents of what is added come into
/// being by themselves, and <c>""</c> is the root. Not thread-safe.
/// </summary>
/// <param name="instance">The instance of the digests.</param>
/// <param name="function">The function of the digests.</param>
public sealed class MerkleTreeBuilder(InstanceName instance, DigestFunction function)
{
    private readonly Node root = new();

    /// <summary>Adds a file.</summary>
    /// <exception cref="ArgumentException">Something else has that path, or it is no path.</exception>
    public MerkleTreeBuilder AddFile(string path, in Digest digest, bool isExecutable = false, Reapi.NodeProperties? properties = null)
    {
        (Node parent, string name) = MakeParent(path);
        parent.Directory.Files.Add(
            new Reapi.FileNode { Name = name, Digest = digest.ToProto(), IsExecutable = isExecutable, NodeProperties = properties });
        return this;
    }

    /// <summary>Adds a symlink; its target is kept as it is (SYM-01).</summary>
    /// <exception cref="ArgumentException">Something else has that path, or it is no path.</exception>
    public MerkleTreeBuilder AddSymlink(string path, string target, Reapi.NodeProperties? properties = null)
    {
        (Node parent, string name) = MakeParent(path);
        parent.Directory.Symlinks.Add(new Reapi.SymlinkNode { Name = name, Target = target, NodeProperties = properties });
        return this;
    }

    /// <summary>Adds a directory, which may be there already.</summary>
    /// <exception cref="ArgumentException">Something else has that path, or it is no path.</exception>
    public MerkleTreeBuilder AddDirectory(string path, Reapi.NodeProperties? properties = null)
    {
        Node node = path.Length == 0 ? root : path.Split('/').Aggregate(root, (parent, name) => parent.MakeChild(name, path));
        if (properties is not null)
            node.Directory.NodeProperties = properties;
        return this;
    }

    /// <summary>Encodes what was added. To be called once.</summary>
    public MerkleTree Build()
    {
        // No recursion: a path may be as deep as it likes. Parents come first in the list, so its reverse sees children first.
        var nodes = new List<Node> { root };
        for (int i = 0; i < nodes.Count; i++)
            nodes.AddRange(nodes[i].Children.Values);

        var distinct = new Dictionary<Digest, (int Height, Digest Digest, byte[] Encoded, Reapi.Directory Directory)>();
        for (int i = nodes.Count - 1; i >= 0; i--)
        {
            Node node = nodes[i];
            foreach ((string name, Node child) in node.Children)
            {
                node.Directory.Directories.Add(new Reapi.DirectoryNode { Name = name, Digest = child.Digest.ToProto() });
                node.Height = Math.Max(node.Height, child.Height + 1);
            }

            byte[] encoded = CanonicalDirectory.Sort(node.Directory).ToByteArray();
            node.Digest = IncrementalHasher.Compute(instance, function, encoded);
            distinct.TryAdd(node.Digest, (node.Height, node.Digest, encoded, node.Directory));
        }

        // Equal content has equal height, and a parent is higher than its children: this order is topological, and the root leads it.
        return new MerkleTree([.. distinct.Values
            .OrderByDescending(entry => entry.Height).ThenBy(entry => entry.Digest.Hash, StringComparer.Ordinal)
            .Select(entry => (entry.Digest, entry.Encoded, entry.Directory))]);
    }

    private (Node Parent, string Name) MakeParent(string path)
    {
        string[] segments = path.Split('/');
        Node parent = segments.SkipLast(1).Aggregate(root, (node, name) => node.MakeChild(name, path));
        if (!DirectoryValidator.IsSegment(segments[^1]))
            throw new ArgumentException($"'{path}' is no relative path of a file", nameof(path));
        if (parent.Children.ContainsKey(segments[^1]) || !parent.Names.Add(segments[^1]))
            throw new ArgumentException($"'{path}' is there already", nameof(path));
        return (parent, segments[^1]);
    }

    private sealed class Node
    {
        public Reapi.Directory Directory { get; } = new();

        public Dictionary<string, Node> Children { get; } = new(StringComparer.Ordinal);

        public HashSet<string> Names { get; } = new(StringComparer.Ordinal); // of files and symlinks

        public int Height { get; set; }

        public Digest Digest { get; set; }

        public Node MakeChild(string name, string path)
        {
            if (Children.TryGetValue(name, out Node? child))
                return child;
            if (!DirectoryValidator.IsSegment(name))
                throw new ArgumentException($"'{path}' is no relative path: '{name}' is no segment of one", nameof(path));
            if (Names.Contains(name))
                throw new ArgumentException($"'{path}' needs a directory where '{name}' is something else", nameof(path));
            return Children[name] = new Node();
        }
    }
}
