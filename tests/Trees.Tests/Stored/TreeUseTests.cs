using RemoteExec.Trees.Stored;

namespace RemoteExec.Trees.Tests.Stored;

public sealed class TreeUseTests
{
    [Fact]
    public async Task Bytes_are_added_up_by_directory_and_what_occurs_twice_is_kept_once()
    {
        using var bench = new TreeBench();
        Directory.CreateDirectory(bench["from", "a", "deep"]);
        Directory.CreateDirectory(bench["from", "b"]);
        File.WriteAllText(bench["from", "top"], "123");
        File.WriteAllText(bench["from", "a", "x"], "1234567");
        File.WriteAllText(bench["from", "a", "deep", "same"], "1234567");
        File.WriteAllText(bench["from", "b", "y"], "12345");
        StoredTree tree = await StoredTree.LoadAsync(bench.Cas, (await bench.PushAsync(bench["from"])).Root, TreeBench.Token);

        Assert.Equal([new("", 4, 22, 15), new("a", 2, 14, 7), new("b", 1, 5, 5)], TreeUse.Of(tree, 1));
        Assert.Equal([new("", 4, 22, 15)], TreeUse.Of(tree, 0));
        Assert.Equal(["", "a", "a/deep", "b"], TreeUse.Of(tree, 2).Select(use => use.Path));
    }

    [Fact]
    public async Task Paths_lead_to_what_is_there()
    {
        using var bench = new TreeBench();
        Directory.CreateDirectory(bench["from", "a", "b"]);
        File.WriteAllText(bench["from", "a", "b", "c"], "1");
        File.CreateSymbolicLink(bench["from", "link"], "a");
        var root = (await bench.PushAsync(bench["from"])).Root;

        Assert.Equal(root, (await StoredPath.FindAsync(bench.Cas, root, "", TreeBench.Token)).Directory);
        Assert.Equal(root.SiblingOf("1"u8), (await StoredPath.FindAsync(bench.Cas, root, "a/b/c", TreeBench.Token)).File);
        Assert.Equal("a", (await StoredPath.FindAsync(bench.Cas, root, "/link", TreeBench.Token)).Target);
        Assert.Equal($"there is no 'a/x' in {root.ToArgument()}", (await Assert.ThrowsAsync<TreeException>(() => StoredPath.FindAsync(bench.Cas, root, "a/x/y", TreeBench.Token))).Message);
        Assert.Equal("'a/b/c' is no directory, but a file", (await Assert.ThrowsAsync<TreeException>(() => StoredPath.FindAsync(bench.Cas, root, "a/b/c/d", TreeBench.Token))).Message);
        Assert.Equal("'link' is no directory, but a symlink to 'a'", (await Assert.ThrowsAsync<TreeException>(() => StoredPath.FindAsync(bench.Cas, root, "link/b", TreeBench.Token))).Message);
    }
}
