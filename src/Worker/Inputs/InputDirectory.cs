using RemoteExec.Protocol;

namespace RemoteExec.Worker.Inputs;

/// <summary>
/// A directory of an input tree, parsed and valid, of which everything beneath is known to be valid as well. Never changes. What it knows of its
/// subdirectories is enough to do without reading them.
/// </summary>
internal sealed class InputDirectory
{
    /// <summary>Takes over a message that was found valid.</summary>
    /// <param name="digest">Its digest.</param>
    /// <param name="message">The message.</param>
    /// <param name="find">Knows all subdirectories.</param>
    public InputDirectory(Digest digest, Reapi.Directory message, Func<Digest, InputDirectory> find)
    {
        Digest = digest;
        Files = [.. message.Files.Select(file => new InputFile(file.Name, KeyOf(digest, file), Meaningful(file.NodeProperties)) { IsTool = IsToolInput(file.NodeProperties) })];
        Symlinks = [.. message.Symlinks.Select(link => new InputSymlink(link.Name, link.Target) { IsTool = IsToolInput(link.NodeProperties) })];
        Directories = [.. message.Directories.Select(child => SubdirectoryOf(child.Name, find(InputReading.Sibling(digest, child.Digest))))];
        Properties = Meaningful(message.NodeProperties);
        IsTool = IsToolInput(message.NodeProperties);

        // A directory may occur in many places, so that a small tree may unfold to more nodes than there are numbers.
        Nodes = (int)Math.Min(int.MaxValue, 1L + Files.Length + Symlinks.Length + Directories.Sum(child => (long)child.Nodes));
        Depth = Directories.Length == 0 ? 0 : 1 + Directories.Max(child => child.Depth);
    }

    /// <summary>Its digest.</summary>
    public Digest Digest { get; }

    /// <summary>The files, sorted by the bytes of their names, as the other lists are.</summary>
    public InputFile[] Files { get; }

    /// <summary>The symlinks.</summary>
    public InputSymlink[] Symlinks { get; }

    /// <summary>The subdirectories.</summary>
    public InputSubdirectory[] Directories { get; }

    /// <summary>The mode or the time that it asks for; null if it asks for none.</summary>
    public Reapi.NodeProperties? Properties { get; }

    /// <summary>True if all in it belongs to the tool that a persistent process runs.</summary>
    public bool IsTool { get; }

    /// <summary>How many files, directories and symlinks it takes to lay it out, with itself and all beneath; at most <see cref="int.MaxValue"/>.</summary>
    public int Nodes { get; }

    /// <summary>How many directories there are between it and the deepest one beneath, that one included.</summary>
    public int Depth { get; }

    /// <summary>How many nodes it names itself.</summary>
    public int OwnNodes => 1 + Files.Length + Symlinks.Length + Directories.Length;

    /// <summary>The subdirectory of a name.</summary>
    public InputSubdirectory? FindDirectory(string name) => Find(Directories, static child => child.Name, name) is var i and >= 0 ? Directories[i] : null;

    /// <summary>The symlink of a name.</summary>
    public InputSymlink? FindSymlink(string name) => Find(Symlinks, static link => link.Name, name) is var i and >= 0 ? Symlinks[i] : null;

    /// <summary>True if there is a file of that name.</summary>
    public bool HasFile(string name) => Find(Files, static file => file.Name, name) >= 0;

    private static InputSubdirectory SubdirectoryOf(string name, InputDirectory directory) => new(name, directory.Digest, directory.Nodes, directory.Depth);

    private static FileKey KeyOf(in Digest self, Reapi.FileNode file) => new(InputReading.Sibling(self, file.Digest), file.IsExecutable);

    private static Reapi.NodeProperties? Meaningful(Reapi.NodeProperties? properties) =>
        properties is null || (properties.UnixMode is null && properties.Mtime is null) ? null : properties;

    private static bool IsToolInput(Reapi.NodeProperties? properties) =>
        properties is { Properties.Count: > 0 } && properties.Properties.Any(property => property.Name == SandboxProperties.ToolInput);

    private static int Find<T>(T[] nodes, Func<T, string> nameOf, string name)
    {
        for (int low = 0, high = nodes.Length - 1; low <= high;)
        {
            int middle = (low + high) / 2;
            int order = Utf8Order.Instance.Compare(nameOf(nodes[middle]), name);
            if (order == 0)
                return middle;
            if (order < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return -1;
    }
}
