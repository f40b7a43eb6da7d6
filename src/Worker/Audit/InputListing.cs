using RemoteExec.Worker.Inputs;

namespace RemoteExec.Worker.Audit;

/// <summary>All paths of an input tree.</summary>
internal sealed class InputListing
{
    private readonly HashSet<string> files = new(StringComparer.Ordinal);
    private readonly HashSet<string> directories = new(StringComparer.Ordinal) { "" };
    private readonly Dictionary<string, string> links = new(StringComparer.Ordinal);

    /// <summary>Lists a tree of which all is read.</summary>
    public InputListing(InputTree tree) => Add(tree, tree.Root, "");

    /// <summary>The files, relative to the root.</summary>
    public IReadOnlySet<string> Files => files;

    /// <summary>What a path relative to the root leads to among the inputs, their symlinks followed; null if it leads out of the root.</summary>
    /// <param name="root">Where the action saw the root.</param>
    /// <param name="path">The path.</param>
    public string? Resolve(string root, string path)
    {
        var walk = new PathWalk(root, path, followLast: true);
        while (walk.Next() is { } place)
        {
            if (links.TryGetValue(place, out string? target))
                walk.Follow(target);
        }

        return walk.LeadsOut ? null : walk.Current;
    }

    /// <summary>True if a resolved path is a directory or a symlink of the inputs.</summary>
    public bool HasOther(string path) => directories.Contains(path) || links.ContainsKey(path);

    private void Add(InputTree tree, InputDirectory directory, string path)
    {
        foreach (InputFile file in directory.Files)
            files.Add(path + file.Name);
        foreach (InputSymlink link in directory.Symlinks)
            links.Add(path + link.Name, link.Target);
        foreach (InputSubdirectory child in directory.Directories)
        {
            directories.Add(path + child.Name);
            Add(tree, tree[child.Digest], $"{path}{child.Name}/");
        }
    }
}
