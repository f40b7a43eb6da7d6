using RemoteExec.Protocol;

namespace RemoteExec.Images.Trees;

/// <summary>A directory of an image while it is put together; the root is one. Never so deep that it may be walked recursively. Not thread-safe.</summary>
internal sealed class ImageDirectory : ImageNode
{
    private const int MaxDepth = 1024; // symlinks can make more of it than any archive has; no walk of a tree goes deeper
    private readonly string name;
    private readonly ImageDirectory? parent;
    private readonly int depth;

    /// <summary>Makes an empty root.</summary>
    public ImageDirectory()
        : this("", null)
    {
    }

    private ImageDirectory(string name, ImageDirectory? parent) => (this.name, this.parent, depth) = (name, parent, parent is null ? 0 : parent.depth + 1);

    /// <summary>What it contains, by name.</summary>
    public Dictionary<string, ImageNode> Children { get; } = new(StringComparer.Ordinal);

    /// <summary>What it contains, in the order of the API.</summary>
    public IEnumerable<KeyValuePair<string, ImageNode>> Sorted => Children.OrderBy(child => child.Key, Utf8Order.Instance);

    /// <summary>The directory that it is in; the root is in itself.</summary>
    public ImageDirectory Parent => parent ?? this;

    /// <summary>Its path; empty for the root.</summary>
    public string Path => parent is null ? "" : parent.PathOf(name);

    /// <summary>The path of something in it.</summary>
    public string PathOf(string child) => parent is null ? child : $"{Path}/{child}";

    /// <inheritdoc/>
    public override bool IsSameAs(ImageNode other) => other is ImageDirectory;

    /// <summary>Puts an empty directory under a name, in the place of what was there.</summary>
    /// <exception cref="ImageException">It would be too deep.</exception>
    public ImageDirectory Make(string child, string origin)
    {
        if (depth == MaxDepth)
            throw new ImageException($"{origin}: more than {MaxDepth} directories in each other, below '{Path[..100]}…'");
        var directory = new ImageDirectory(child, this) { Origin = origin };
        Children[child] = directory;
        return directory;
    }

    /// <summary>Puts a node at a path, in the place of what was there, and makes the directories that lead there.</summary>
    /// <exception cref="ImageException">A directory is needed where something else is, or is in its place.</exception>
    public void Put(ReadOnlySpan<string> path, ImageNode? node)
    {
        ImageDirectory directory = this;
        foreach (string segment in node is null ? path : path[..^1])
        {
            directory = directory.Children.GetValueOrDefault(segment) switch
            {
                ImageDirectory existing => existing,
                null => directory.Make(segment, ""),
                _ => throw new ImageException($"'{string.Join('/', path)}' lies in '{directory.PathOf(segment)}', which is no directory, but a file or a symlink"),
            };
        }

        if (node is null)
            return;
        if (directory.Children.GetValueOrDefault(path[^1]) is ImageDirectory)
            throw new ImageException($"'{string.Join('/', path)}' occurs twice, as a directory and as a file or a symlink");
        directory.Children[path[^1]] = node;
    }

    /// <summary>All files, with those that occur several times.</summary>
    public IEnumerable<ImageFile> Files() => Children.Values.SelectMany(child => child switch
    {
        ImageFile file => [file],
        ImageDirectory directory => directory.Files(),
        _ => Enumerable.Empty<ImageFile>(),
    });

    /// <summary>What is in it as messages: it is the root of these, wherever it is itself.</summary>
    public MerkleTree ToMerkleTree(InstanceName instance, DigestFunction function)
    {
        var builder = new MerkleTreeBuilder(instance, function);
        AddTo(builder, PathOf("").Length);
        return builder.Build();
    }

    private void AddTo(MerkleTreeBuilder builder, int start)
    {
        foreach ((string child, ImageNode node) in Children)
        {
            string path = PathOf(child)[start..];
            switch (node)
            {
                case ImageDirectory directory:
                    builder.AddDirectory(path);
                    directory.AddTo(builder, start);
                    break;
                case ImageFile file:
                    builder.AddFile(path, file.Digest, file.IsExecutable);
                    break;
                case ImageSymlink link:
                    builder.AddSymlink(path, link.Target);
                    break;
            }
        }
    }
}
