using RemoteExec.Protocol;

namespace RemoteExec.Trees.Stored;

/// <summary>In what two trees differ. Directories that are equal are not looked into.</summary>
public static class TreeDiff
{
    /// <summary>The paths that are not the same in both, sorted within each directory; of a directory that only one has, all that is in it.</summary>
    /// <param name="before">A tree.</param>
    /// <param name="after">Another one, of the same digest function.</param>
    public static IEnumerable<TreeDifference> Between(StoredTree before, StoredTree after) => Between(before, before.Root, after, after.Root, "");

    private static IEnumerable<TreeDifference> Between(StoredTree before, Digest? left, StoredTree after, Digest? right, string prefix)
    {
        if (left == right)
            yield break;
        Dictionary<string, StoredNode> olds = Children(before, left, prefix), news = Children(after, right, prefix);
        foreach (string path in olds.Keys.Union(news.Keys).Order(Utf8Order.Instance))
        {
            StoredNode? old = olds.GetValueOrDefault(path), current = news.GetValueOrDefault(path);
            if (old == current)
                continue;
            bool areDirectories = old?.Directory is not null && current?.Directory is not null;
            if (!areDirectories)
                yield return new TreeDifference(path, old is null ? TreeChange.Added : current is null ? TreeChange.Removed : TreeChange.Changed);
            foreach (TreeDifference inside in Between(before, old?.Directory, after, current?.Directory, path + "/"))
                yield return inside;
        }
    }

    private static Dictionary<string, StoredNode> Children(StoredTree tree, Digest? directory, string prefix) =>
        directory is { } digest ? tree.ChildrenOf(digest, prefix).ToDictionary(child => child.Path, StringComparer.Ordinal) : [];
}
