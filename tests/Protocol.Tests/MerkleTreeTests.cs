using Google.Protobuf;
using RemoteExec.TestKit;

namespace RemoteExec.Protocol.Tests;

public sealed class MerkleTreeTests
{
    private static readonly Digest file = IncrementalHasher.Compute(default, DigestFunction.Sha256, "content"u8);

    private static MerkleTreeBuilder Builder() => new(default, DigestFunction.Sha256);

    private static DirectoryLoader LoaderOf(MerkleTree tree, List<int>? batches = null)
    {
        Dictionary<Digest, ReadOnlyMemory<byte>> blobs = tree.Blobs.ToDictionary();
        return (digests, _) =>
        {
            batches?.Add(digests.Count);
            return ValueTask.FromResult<IReadOnlyList<Reapi.Directory?>>(
                [.. digests.Select(digest => blobs.TryGetValue(digest, out var encoded) ? Reapi.Directory.Parser.ParseFrom(encoded.Span) : null)]);
        };
    }

    private static async Task<List<DirectoryVisit>> WalkAsync(MerkleTreeWalk walk, Digest root, DirectoryLoader load)
    {
        var visits = new List<DirectoryVisit>();
        await foreach (DirectoryVisit visit in walk.WalkAsync(root, load, TestContext.Current.CancellationToken))
            visits.Add(visit);
        return visits;
    }

    [Fact]
    [Rule("DIG-11")]
    public void The_empty_tree_is_the_empty_blob()
    {
        MerkleTree tree = Builder().Build();

        Assert.True(tree.RootDigest.IsEmptyBlob);
    }

    [Fact]
    [Rule("DIR-03")]
    [Rule("DIG-11")]
    public void What_is_built_does_not_depend_on_the_order_of_adding_and_is_canonical()
    {
        MerkleTree one = Builder().AddFile("a/\U0001f600", file).AddFile("a/\uff21", file, isExecutable: true).AddSymlink("l", "a").AddDirectory("B").Build();
        MerkleTree other = Builder().AddDirectory("B").AddSymlink("l", "a").AddDirectory("a").AddFile("a/\uff21", file, isExecutable: true).AddFile("a/\U0001f600", file).Build();

        Assert.Equal(one.RootDigest, other.RootDigest);
        foreach ((Digest digest, ReadOnlyMemory<byte> encoded) in one.Blobs)
        {
            Reapi.Directory directory = Reapi.Directory.Parser.ParseFrom(encoded.Span);
            Assert.Equal(digest, file.SiblingOf(encoded.Span));
            Assert.True(DirectoryValidator.TryValidate(directory, digest, true, out string? error), error);
        }
    }

    [Fact]
    [Rule("DIG-11")]
    public void Messages_are_encoded_in_the_order_of_the_field_numbers()
    {
        // In the definition of this message, field 12 stands before field 9.
        byte[] encoded = new Reapi.ExecutedActionMetadata { VirtualExecutionDuration = new(), OutputUploadStartTimestamp = new(), Worker = "w" }.ToByteArray();

        Assert.Equal("0a0177" + "4a00" + "6200", Convert.ToHexStringLower(encoded));
    }

    [Theory]
    [Rule("DIR-01")]
    [InlineData("")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData("a/../b")]
    public void A_path_that_is_none_can_not_be_added(string path)
    {
        Assert.Throws<ArgumentException>(() => Builder().AddFile(path, file));
    }

    [Fact]
    [Rule("DIR-02")]
    public void A_path_can_not_be_two_things()
    {
        Assert.Throws<ArgumentException>(() => Builder().AddFile("a", file).AddSymlink("a", "t"));
        Assert.Throws<ArgumentException>(() => Builder().AddFile("a", file).AddDirectory("a"));
        Assert.Throws<ArgumentException>(() => Builder().AddFile("a/b", file).AddFile("a", file));
        Assert.Throws<ArgumentException>(() => Builder().AddFile("a", file).AddFile("a/b", file));
    }

    [Fact]
    [Rule("OUT-06")]
    [Rule("OUT-07")]
    [Rule("OUT-08")]
    public void A_tree_holds_each_directory_once_behind_all_that_name_it()
    {
        // x/shared is reached at depth 1 and again at depth 3: an order by depth would put it before one of its parents.
        MerkleTree tree = Builder().AddFile("s/f", file).AddFile("x/y/s/f", file).AddFile("z/f", file).AddDirectory("x/e").Build();

        Reapi.Tree message = tree.ToTree();
        byte[] encoded = message.ToByteArray();

        Assert.Equal(tree.Root, message.Root);
        Assert.Equal(tree.RootDigest, file.SiblingOf(message.Root.ToByteArray()));
        Assert.Equal(4, message.Children.Count); // s (= z), x, x/y, x/e
        Assert.True(TreeValidator.IsTopologicallySorted(encoded, file));
        Assert.True(TreeValidator.TryValidate(message, file, true, out string? error), error);
    }

    [Fact]
    [Rule("OUT-07")]
    public void A_tree_in_another_order_or_encoding_is_not_topologically_sorted()
    {
        Reapi.Tree sorted = Builder().AddFile("a/b/f", file).AddFile("c", file).Build().ToTree();
        Reapi.Tree reversed = new() { Root = sorted.Root, Children = { sorted.Children.Reverse() } };
        Reapi.Tree duplicated = new() { Root = sorted.Root, Children = { sorted.Children[0], sorted.Children[1], sorted.Children[1] } };
        Reapi.Tree lacking = new() { Root = sorted.Root, Children = { sorted.Children[0] } };
        Reapi.Tree extra = sorted.Clone();
        extra.Children.Add(new Reapi.Directory { Files = { new Reapi.FileNode { Name = "x", Digest = file.ToProto() } } });
        byte[] encoded = sorted.ToByteArray();

        Assert.True(TreeValidator.IsTopologicallySorted(encoded, file));
        Assert.All([reversed, duplicated, lacking, extra], tree => Assert.False(TreeValidator.IsTopologicallySorted(tree.ToByteArray(), file)));
        Assert.False(TreeValidator.IsTopologicallySorted(Array.Empty<byte>(), file));
        Assert.False(TreeValidator.IsTopologicallySorted(encoded.AsMemory(0, encoded.Length - 1), file));
        Assert.False(TreeValidator.IsTopologicallySorted((byte[])[.. encoded, 0x18, 1], file));
    }

    [Fact]
    [Rule("OUT-07")]
    public void A_tree_with_lengths_not_encoded_in_the_shortest_way_is_not_topologically_sorted()
    {
        Reapi.Tree tree = Builder().AddFile("c", file).Build().ToTree();
        byte[] encoded = tree.ToByteArray();
        Assert.True(encoded[1] < 0x80); // one byte, so it can be written in two as well
        byte[] longer = [encoded[0], (byte)(encoded[1] | 0x80), 0, .. encoded[2..]];

        Assert.Equal(tree, Reapi.Tree.Parser.ParseFrom(longer));
        Assert.True(TreeValidator.IsTopologicallySorted(encoded, file));
        Assert.False(TreeValidator.IsTopologicallySorted(longer, file));
    }

    [Fact]
    [Rule("OUT-06")]
    public void A_tree_without_root_or_without_a_child_it_names_is_refused()
    {
        Reapi.Tree whole = Builder().AddFile("a/b/f", file).Build().ToTree();
        Reapi.Tree lacking = new() { Root = whole.Root, Children = { whole.Children[0] } };
        Reapi.Tree bad = whole.Clone();
        bad.Root.Symlinks.Add(new Reapi.SymlinkNode { Name = "l" });

        Assert.True(TreeValidator.TryValidate(whole, file, true, out _));
        Assert.False(TreeValidator.TryValidate(new Reapi.Tree(), file, true, out string? error));
        Assert.Contains("no root", error);
        Assert.False(TreeValidator.TryValidate(lacking, file, true, out error));
        Assert.Contains("lacks directory 'b'", error);
        Assert.False(TreeValidator.TryValidate(bad, file, true, out error));
        Assert.Contains("'l' has no target", error);
    }

    [Fact]
    [Rule("CAS-22")]
    public async Task A_walk_visits_each_distinct_directory_once_the_root_first()
    {
        MerkleTree tree = Builder().AddFile("a/s/f", file).AddFile("b/s/f", file).AddFile("c/x/y", file).Build();

        List<DirectoryVisit> visits = await WalkAsync(new MerkleTreeWalk { BatchSize = 2 }, tree.RootDigest, LoaderOf(tree));
        List<DirectoryVisit> again = await WalkAsync(new MerkleTreeWalk(), tree.RootDigest, LoaderOf(tree));

        Assert.Equal(new DirectoryVisit(tree.RootDigest, tree.Root, 0), visits[0]);
        Assert.Equal(tree.Blobs.Select(blob => blob.Key).ToHashSet(), visits.Select(visit => visit.Digest).ToHashSet());
        Assert.Equal(tree.Blobs.Count(), visits.Count);
        Assert.Equal(again, visits);
    }

    [Fact]
    [Rule("CAS-21")]
    public async Task What_the_loader_lacks_is_visited_without_content()
    {
        MerkleTree whole = Builder().AddFile("a/f", file).AddFile("b/g/f", file).Build();
        Digest absent = whole.Blobs.First(blob => blob.Key != whole.RootDigest).Key;
        DirectoryLoader load = LoaderOf(whole);

        List<DirectoryVisit> visits = await WalkAsync(
            new MerkleTreeWalk(), whole.RootDigest, async (digests, token) => [.. (await load(digests, token)).Zip(digests, (d, digest) => digest == absent ? null : d)]);

        Assert.Null(visits.Single(visit => visit.Digest == absent).Directory);
        Assert.All(visits.Where(visit => visit.Digest != absent), visit => Assert.NotNull(visit.Directory));
    }

    [Fact]
    [Rule("CAS-26")]
    public async Task A_tree_that_is_too_deep_or_too_large_is_refused()
    {
        MerkleTree deep = Builder().AddDirectory(string.Join('/', Enumerable.Repeat("d", 11))).Build();
        MerkleTree wide = Builder().AddFile("a/1", file).AddFile("b/2", file).AddFile("c/3", file).Build();

        Assert.Equal(12, (await WalkAsync(new MerkleTreeWalk { MaxDepth = 11 }, deep.RootDigest, LoaderOf(deep))).Count);
        await Assert.ThrowsAsync<TreeTooLargeException>(() => WalkAsync(new MerkleTreeWalk { MaxDepth = 10 }, deep.RootDigest, LoaderOf(deep)));
        Assert.Equal(4, (await WalkAsync(new MerkleTreeWalk { MaxDirectories = 4 }, wide.RootDigest, LoaderOf(wide))).Count);
        await Assert.ThrowsAsync<TreeTooLargeException>(() => WalkAsync(new MerkleTreeWalk { MaxDirectories = 3 }, wide.RootDigest, LoaderOf(wide)));
    }

    [Fact]
    [Rule("CAS-26")]
    public async Task A_cycle_ends()
    {
        // Honest hashes make no cycles; a loader that lies can.
        var loop = new Reapi.Directory { Directories = { new Reapi.DirectoryNode { Name = "d", Digest = file.ToProto() } } };

        List<DirectoryVisit> visits = await WalkAsync(
            new MerkleTreeWalk(), file, (digests, _) => ValueTask.FromResult<IReadOnlyList<Reapi.Directory?>>([.. digests.Select(_ => loop)]));

        Assert.Single(visits);
    }

    [Fact]
    public async Task Directories_are_loaded_in_batches()
    {
        var builder = Builder();
        for (int i = 0; i < 10; i++)
            builder.AddFile($"{i}/{i}", file);
        MerkleTree tree = builder.Build();
        var batches = new List<int>();

        await WalkAsync(new MerkleTreeWalk { BatchSize = 4 }, tree.RootDigest, LoaderOf(tree, batches));

        Assert.Equal([1, 4, 4, 2], batches);
    }
}
