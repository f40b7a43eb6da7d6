using RemoteExec.Images.Trees;
using RemoteExec.Protocol;

namespace RemoteExec.Images;

/// <summary>In what two images differ. Directories that are equal are not looked into.</summary>
public static class ImageDiff
{
    /// <summary>The paths that are not the same in both, sorted within each directory; of a directory that only one has, all that is in it.</summary>
    /// <param name="before">An image.</param>
    /// <param name="after">Another one, of the same digest function.</param>
    public static IEnumerable<ImageDifference> Between(StoredImage before, StoredImage after) => Between(before, before.Root, after, after.Root, "");

    private static IEnumerable<ImageDifference> Between(StoredImage before, Digest? left, StoredImage after, Digest? right, string prefix)
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
                yield return new ImageDifference(path, old is null ? ImageChange.Added : current is null ? ImageChange.Removed : ImageChange.Changed);
            foreach (ImageDifference inside in Between(before, old?.Directory, after, current?.Directory, path + "/"))
                yield return inside;
        }
    }

    private static Dictionary<string, StoredNode> Children(StoredImage image, Digest? directory, string prefix) =>
        directory is { } digest ? image.ChildrenOf(digest, prefix).ToDictionary(child => child.Path, StringComparer.Ordinal) : [];
}
