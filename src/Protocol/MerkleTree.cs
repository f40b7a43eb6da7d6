namespace RemoteExec.Protocol;

/// <summary>
/// A complete tree of directories in memory, as <see cref="MerkleTreeBuilder"/> makes it: each distinct directory once, canonically encoded.
/// </summary>
public sealed class MerkleTree
{
    private readonly IReadOnlyList<(Digest Digest, byte[] Encoded, Reapi.Directory Directory)> directories;

    internal MerkleTree(IReadOnlyList<(Digest Digest, byte[] Encoded, Reapi.Directory Directory)> directories) => this.directories = directories;

    /// <summary>The digest of the root directory.</summary>
    public Digest RootDigest => directories[0].Digest;

    /// <summary>The root directory.</summary>
    public Reapi.Directory Root => directories[0].Directory;

    /// <summary>
    /// What has to be in the CAS for the tree to be readable by its root digest, besides the files: the root first, parents before children.
    /// </summary>
    public IEnumerable<KeyValuePair<Digest, ReadOnlyMemory<byte>>> Blobs =>
        directories.Select(entry => KeyValuePair.Create<Digest, ReadOnlyMemory<byte>>(entry.Digest, entry.Encoded));

    /// <summary>
    /// The tree as one message (OUT-06). Each child occurs once, behind all its parents, in an order that depends on the content alone; so
    /// its encoding is topologically sorted (OUT-07).
    /// </summary>
    public Reapi.Tree ToTree()
    {
        var tree = new Reapi.Tree { Root = Root };
        tree.Children.AddRange(directories.Skip(1).Select(entry => entry.Directory));
        return tree;
    }
}
