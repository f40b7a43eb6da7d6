using System.Text;
using RemoteExec.Images.Trees;
using RemoteExec.Protocol;

namespace RemoteExec.Images.Tests.Trees;

/// <summary>Trees full of symlinks, laid over each other.</summary>
public sealed class MergeProperties
{
    private static readonly string[] names = ["a", "b", "c"];
    private static readonly string[] targets = ["a", "b", "a/b", "../a", "../../c", "/b", "/a/c", "/", ".", "..", "./a/../b", "missing", "/missing/x"];

    [Fact]
    public void What_the_last_archive_has_is_found_at_its_path_inside_of_the_image()
    {
        Chance chance = Chance.Create();
        int merged = 0;
        for (int number = 0; number < 2000 * Chance.Effort; number++)
        {
            Random random = chance.ForCase(number).Random;
            // The last one without symlinks: its own could lead its own files astray, as with tar.
            ImageDirectory[] trees = [NewTree(random, "archive 0", 2), NewTree(random, "archive 1", 2), NewTree(random, "archive 2", int.MaxValue)];
            var merge = new ImageMerge();
            try
            {
                foreach ((int i, ImageDirectory tree) in trees.Index())
                    merge.Add(tree, $"archive {i}", replace: i < 2 && random.Next(4) == 0);
            }
            catch (ImageException)
            {
                continue; // a file in the place of a directory, or a loop
            }

            merged++;
            string story = chance.ForCase(number).ToString();
            MerkleTree result = merge.Root.ToMerkleTree(default, DigestFunction.Sha256);
            foreach (Reapi.Directory directory in result.ToTree().Children.Prepend(result.Root))
                Assert.True(DirectoryValidator.TryValidate(directory, result.RootDigest, allowAbsoluteTargets: true, out string? error), $"{story}: {error}");
            foreach (string path in PathsOf(trees[^1], ""))
                Assert.True(Find(merge.Root, path) is ImageFile { Origin: "archive 2" }, $"{story}: '{path}' is not there");
        }

        Assert.InRange(merged, 100, int.MaxValue);
    }

    private static ImageDirectory NewTree(Random random, string content, int oneSymlinkIn)
    {
        var root = new ImageDirectory();
        for (int i = random.Next(1, 6); i > 0; i--)
        {
            string[] path = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => names[random.Next(names.Length)])];
            ImageNode node = random.Next(oneSymlinkIn) == 0
                ? new ImageSymlink(targets[random.Next(targets.Length)])
                : new ImageFile(IncrementalHasher.Compute(default, DigestFunction.Sha256, Encoding.UTF8.GetBytes(content)), false);
            try
            {
                root.Put(path, node);
            }
            catch (ImageException)
            {
                // It is a tree without this one.
            }
        }

        return root;
    }

    private static IEnumerable<string> PathsOf(ImageDirectory directory, string prefix) => directory.Children.SelectMany(child => child.Value switch
    {
        ImageFile => [prefix + child.Key],
        ImageDirectory inner => PathsOf(inner, $"{prefix}{child.Key}/"),
        _ => Enumerable.Empty<string>(),
    });

    /// <summary>What a program that runs in the image finds at a path; written as simply as can be.</summary>
    private static ImageNode? Find(ImageDirectory root, string path)
    {
        var place = new Stack<ImageDirectory>([root]);
        var todo = new LinkedList<string>(path.Split('/'));
        for (int steps = 0; todo.First is { } first; steps++)
        {
            todo.RemoveFirst();
            if (steps > 1000)
                return null;
            if (first.Value == ".." && place.Count > 1)
                place.Pop();
            if (first.Value is "" or "." or "..")
                continue;
            switch (place.Peek().Children.GetValueOrDefault(first.Value))
            {
                case ImageDirectory directory:
                    place.Push(directory);
                    break;
                case ImageSymlink link:
                    if (link.Target.StartsWith('/'))
                        place = new Stack<ImageDirectory>([root]);
                    foreach (string segment in link.Target.Split('/').Reverse())
                        todo.AddFirst(segment);
                    break;
                case { } file when todo.Count == 0:
                    return file;
                default:
                    return null;
            }
        }

        return place.Peek();
    }
}
