using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Builds.Explain;

/// <summary>
/// Walks two input trees side by side, level by level, and only where digests differ: two actions of one target share nearly all of their trees. Bounded in directories, depth, time
/// and in what it lists.
/// </summary>
/// <param name="cas">Where the directories are.</param>
/// <param name="limits">The bounds.</param>
/// <param name="time">The clock.</param>
internal sealed class InputDiff(IBlobStore cas, ComparisonLimits limits, TimeProvider time)
{
    private const int MaxDirectoryBytes = 16 * 1024 * 1024;
    private const int BatchSize = 64;
    private readonly List<InputChange> changes = [];
    private readonly List<string> notCompared = [];
    private int loaded;

    /// <summary>What differs, by path within each level; nothing may be added any more once this returned.</summary>
    public IReadOnlyList<InputChange> Changes => changes;

    /// <summary>What could not be looked at, in sentences.</summary>
    public IReadOnlyList<string> NotCompared => notCompared;

    /// <summary>True if the bounds ended the walk.</summary>
    public bool IsCut { get; private set; }

    /// <summary>Compares two trees.</summary>
    /// <exception cref="CasException">Storage failed.</exception>
    public async Task CompareAsync(Digest before, Digest after, CancellationToken cancellationToken)
    {
        long start = time.GetTimestamp();
        var level = new List<Pair> { new("", before, after) };
        for (int depth = 0; level.Count > 0; depth++)
        {
            List<Pair> next = [];
            foreach (Pair[] batch in level.Chunk(BatchSize))
            {
                if (depth > limits.Depth || loaded > limits.Directories || changes.Count >= limits.Inputs || time.GetElapsedTime(start) > limits.Time)
                {
                    IsCut = true;
                    return;
                }

                loaded += batch.Length;
                Reapi.Directory?[] directories = await Task.WhenAll(batch.SelectMany(pair => new[] { LoadAsync(pair.Before, cancellationToken), LoadAsync(pair.After, cancellationToken) }));
                for (int i = 0; i < batch.Length; i++)
                    Compare(batch[i], directories[2 * i], directories[(2 * i) + 1], next);
            }

            level = next;
        }
    }

    private async Task<Reapi.Directory?> LoadAsync(Digest? digest, CancellationToken cancellationToken) =>
        digest is not { } present || present.IsEmptyBlob ? new Reapi.Directory() : await ActionContent.ReadAsync(cas, present, Reapi.Directory.Parser, MaxDirectoryBytes, cancellationToken);

    private void Compare(Pair pair, Reapi.Directory? before, Reapi.Directory? after, List<Pair> next)
    {
        if (before is null || after is null)
        {
            notCompared.Add($"directory '{(pair.Path.Length == 0 ? "." : pair.Path)}' differs, but the {(before is null ? "earlier" : "later")} one is not in the CAS{(before is null ? " any more" : "")}");
            return;
        }

        if (pair is { Before: not null, After: not null } && PropertiesOf(before.NodeProperties) is var old && PropertiesOf(after.NodeProperties) is var current && old != current)
            changes.Add(new InputChange(pair.Path + "/", InputChangeKind.NodeProperties) { Before = old, After = current });
        Dictionary<string, Node> olds = NodesOf(before, pair.Before), news = NodesOf(after, pair.After);
        foreach (string name in olds.Keys.Union(news.Keys, StringComparer.Ordinal).Order(Utf8Order.Instance))
            Compare(pair.Path.Length == 0 ? name : $"{pair.Path}/{name}", olds.GetValueOrDefault(name), news.GetValueOrDefault(name), next);
    }

    private void Compare(string path, Node? before, Node? after, List<Pair> next)
    {
        if (before == after)
            return;
        bool isTool = (after ?? before)!.IsTool;
        if (before is not null && after is not null && before.Type != after.Type)
        {
            changes.Add(new InputChange(path, InputChangeKind.NodeType) { Before = before.Type, After = after.Type, IsTool = isTool });
        }
        else if ((after ?? before)!.Type == Node.Directory)
        {
            if (before?.Content != after?.Content || before is null || after is null)
                next.Add(new Pair(path, before?.Content, after?.Content));
            if ((before?.Content ?? after!.Content)!.Value.IsEmptyBlob && (before is null || after is null))
                changes.Add(new InputChange(path + "/", after is null ? InputChangeKind.Removed : InputChangeKind.Added) { Before = before?.Type, After = after?.Type });
        }
        else
        {
            changes.Add(new InputChange(path, KindOf(before, after)) { Before = before?.InWords, After = after?.InWords, IsTool = isTool });
        }
    }

    private static InputChangeKind KindOf(Node? before, Node? after)
    {
        if (before is null || after is null)
            return before is null ? InputChangeKind.Added : InputChangeKind.Removed;
        if (before.Content != after.Content)
            return InputChangeKind.Content;
        if (before.Target != after.Target)
            return InputChangeKind.SymlinkTarget;
        return before.IsExecutable != after.IsExecutable ? InputChangeKind.Executable : InputChangeKind.NodeProperties;
    }

    // A name that occurs twice can't be told apart; such a tree is refused anyway by whoever lays it out.
    private static Dictionary<string, Node> NodesOf(Reapi.Directory directory, Digest? self)
    {
        var nodes = new Dictionary<string, Node>(directory.Files.Count + directory.Directories.Count + directory.Symlinks.Count, StringComparer.Ordinal);
        if (self is not { } digest)
            return nodes;
        foreach (Reapi.FileNode file in directory.Files)
            nodes[file.Name] = new Node(Node.File) { Content = ContentOf(digest, file.Digest), IsExecutable = file.IsExecutable, Properties = PropertiesOf(file.NodeProperties), IsTool = ToolProperty.IsIn(file.NodeProperties) };
        foreach (Reapi.DirectoryNode child in directory.Directories)
            nodes[child.Name] = new Node(Node.Directory) { Content = ContentOf(digest, child.Digest) };
        foreach (Reapi.SymlinkNode link in directory.Symlinks)
            nodes[link.Name] = new Node(Node.Symlink) { Target = link.Target, Properties = PropertiesOf(link.NodeProperties) };
        return nodes;
    }

    private static Digest? ContentOf(in Digest self, Reapi.Digest? digest) => self.TryParseSibling(digest, out Digest content, out _) ? content : self.SiblingOf([]);

    private static string PropertiesOf(Reapi.NodeProperties? properties) => properties is null ? "" : properties.ToString();

    private readonly record struct Pair(string Path, Digest? Before, Digest? After);

    private sealed record Node(string Type)
    {
        public const string File = "file", Directory = "directory", Symlink = "symlink";

        public Digest? Content { get; init; }

        public bool IsExecutable { get; init; }

        public bool IsTool { get; init; }

        public string? Target { get; init; }

        public string Properties { get; init; } = "";

        public string InWords => Target ?? $"{Content?.ToArgument()}{(IsExecutable ? " executable" : "")}{(Properties.Length == 0 ? "" : " " + Properties)}";
    }
}
