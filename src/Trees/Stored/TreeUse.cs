using RemoteExec.Protocol;

namespace RemoteExec.Trees.Stored;

/// <summary>How much a directory and all below it has.</summary>
/// <param name="Path">Its path; empty for the root of the tree.</param>
/// <param name="Files">How many files.</param>
/// <param name="Bytes">Their bytes, as if each were kept by itself.</param>
/// <param name="UniqueBytes">Their bytes, where what occurs several times counts once: what the CAS keeps.</param>
public sealed record TreeUse(string Path, int Files, long Bytes, long UniqueBytes)
{
    /// <summary>Adds up what the directories of a tree have, the root first.</summary>
    /// <param name="tree">The tree.</param>
    /// <param name="depth">How deep the directories are that are told of: 0 for the root alone.</param>
    public static IReadOnlyList<TreeUse> Of(StoredTree tree, int depth)
    {
        var sums = new SortedDictionary<string, Sum>(Utf8Order.Instance) { [""] = new Sum() };
        foreach (StoredNode node in tree.Nodes())
        {
            if (node.Directory is not null && node.Path.Count(character => character == '/') < depth)
                sums.TryAdd(node.Path, new Sum());
            if (node.File is { } file)
                Add(sums, node.Path, file);
        }

        return [.. sums.Select(entry => new TreeUse(entry.Key, entry.Value.Files, entry.Value.Bytes, entry.Value.Unique.Sum(digest => digest.SizeBytes)))];
    }

    private static void Add(SortedDictionary<string, Sum> sums, string path, Digest file)
    {
        sums[""].Add(file);
        for (int slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0 && sums.TryGetValue(path[..slash], out Sum? sum); slash = path.IndexOf('/', slash + 1))
            sum.Add(file);
    }

    private sealed class Sum
    {
        public int Files { get; private set; }

        public long Bytes { get; private set; }

        public HashSet<Digest> Unique { get; } = [];

        public void Add(Digest file)
        {
            Files++;
            Bytes += file.SizeBytes;
            Unique.Add(file);
        }
    }
}
