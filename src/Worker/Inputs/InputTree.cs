using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Worker.Inputs;

/// <summary>The input root of one action: its directories, read as far as the action needs them. Used by one caller at a time.</summary>
internal sealed class InputTree
{
    private readonly InputDirectories source;
    private readonly Dictionary<Digest, InputDirectory> directories = [];

    private InputTree(InputDirectories source, InputDirectory root)
    {
        this.source = source;
        Root = root;
        directories.Add(root.Digest, root);
    }

    /// <summary>The root directory.</summary>
    public InputDirectory Root { get; }

    /// <summary>A directory that was read.</summary>
    public InputDirectory this[Digest digest] => directories[digest];

    /// <summary>Reads the root directory; what lies beneath was read and found valid, now or before.</summary>
    /// <exception cref="BlobsMissingException">The CAS lacks directories; those that were found to be missing are listed.</exception>
    /// <exception cref="InvalidActionException">A directory is none or breaks a rule, or there are too many nodes.</exception>
    public static async Task<InputTree> ReadAsync(InputDirectories source, Digest root, int maxNodes, CancellationToken cancellationToken)
    {
        InputReading reading = await source.ReadAsync([root], deep: false, cancellationToken);
        ThrowIfIncomplete(reading);
        var tree = new InputTree(source, reading.Directories[root]);
        if (tree.Root.Nodes > maxNodes)
            throw new InvalidActionException($"the input root has more than {maxNodes} files, directories and symlinks");
        tree.Add(reading);
        return tree;
    }

    /// <summary>Finds a directory beneath the root, reading it if need be.</summary>
    /// <exception cref="BlobsMissingException">The CAS has lost it since it was read for another action.</exception>
    public async ValueTask<InputDirectory> GetAsync(Digest digest, CancellationToken cancellationToken)
    {
        if (directories.TryGetValue(digest, out InputDirectory? directory))
            return directory;
        Add(await source.ReadAsync([digest], deep: false, cancellationToken));
        return directories[digest];
    }

    /// <summary>Reads directories beneath the root, and all beneath them.</summary>
    /// <exception cref="BlobsMissingException">The CAS has lost some of it since it was read for another action.</exception>
    public async Task ReadAllAsync(IEnumerable<Digest> digests, CancellationToken cancellationToken)
    {
        var unread = new List<Digest>();
        Walk(digests, unread.Add, static _ => { });
        if (unread.Count > 0)
            Add(await source.ReadAsync(unread, deep: true, cancellationToken));
    }

    /// <summary>Directories that were read with all beneath them, and these, each once.</summary>
    public IReadOnlyCollection<InputDirectory> AllBeneath(IEnumerable<Digest> digests)
    {
        var found = new List<InputDirectory>();
        Walk(digests, digest => throw new KeyNotFoundException($"{digest} was not read"), found.Add);
        return found;
    }

    private void Walk(IEnumerable<Digest> digests, Action<Digest> onUnread, Action<InputDirectory> onRead)
    {
        var seen = new HashSet<Digest>(digests);
        var todo = new Stack<Digest>(seen);
        while (todo.TryPop(out Digest next))
        {
            if (!directories.TryGetValue(next, out InputDirectory? directory))
            {
                onUnread(next);
                continue;
            }

            onRead(directory);
            foreach (InputSubdirectory child in directory.Directories)
            {
                if (seen.Add(child.Digest))
                    todo.Push(child.Digest);
            }
        }
    }

    private void Add(InputReading reading)
    {
        ThrowIfIncomplete(reading);
        foreach ((Digest digest, InputDirectory directory) in reading.Directories)
            directories[digest] = directory;
    }

    private static void ThrowIfIncomplete(InputReading reading)
    {
        if (reading.Missing.Count > 0)
            throw new BlobsMissingException(reading.Missing);
    }
}
