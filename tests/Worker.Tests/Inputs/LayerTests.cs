using RemoteExec.Cas;
using RemoteExec.Native;
using RemoteExec.Protocol;
using RemoteExec.TestKit;
using RemoteExec.Worker.Inputs;

namespace RemoteExec.Worker.Tests.Inputs;

public sealed class LayerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Subtrees_without_outputs_are_bound_and_the_rest_is_linked()
    {
        await using InputFixture fixture = await InputFixture.MakeAsync();
        MerkleTreeBuilder tree = InputFixture.NewTree();
        await AddFilesAsync(fixture, tree, "include", 10);
        await AddFilesAsync(fixture, tree, "src/lib", 10);
        await AddFilesAsync(fixture, tree, "src/gen", 10);
        await AddFilesAsync(fixture, tree, "few", 3);
        await AddFilesAsync(fixture, tree, "out", 10);

        await using InputLayer layer = await fixture.LayerAsync(await fixture.LeaseAsync(tree.Build(), "", "src/gen/new", "out"));

        Assert.Equal(["include", "src/lib"], layer.Binds.Select(bind => bind.Target).Order(StringComparer.Ordinal));
        Assert.Equal(10, Directory.GetFiles(Path.Combine(layer.Lower, "src/gen")).Length);
        Assert.Equal(10, Directory.GetFiles(Path.Combine(layer.Lower, "out")).Length);
        Assert.Equal(3, Directory.GetFiles(Path.Combine(layer.Lower, "few")).Length);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(layer.Lower, "include")));
    }

    [Fact, Rule("CMD-07")]
    public async Task The_working_directory_is_writable_but_what_lies_beneath_is_bound()
    {
        await using InputFixture fixture = await InputFixture.MakeAsync();
        MerkleTreeBuilder tree = InputFixture.NewTree();
        await AddFilesAsync(fixture, tree, "wd/inner", 10);
        await AddFilesAsync(fixture, tree, "wd", 10);
        tree.AddSymlink("here", "x/../wd").AddDirectory("x");

        await using InputLayer layer = await fixture.LayerAsync(await fixture.LeaseAsync(tree.Build(), "here"));

        Assert.Equal("wd", layer.Command.WorkingDirectory);
        Assert.Equal("wd/inner", Assert.Single(layer.Binds).Target);
    }

    [Theory, Rule("CMD-06")]
    [InlineData("link/file")]
    [InlineData("absolute/file")]
    [InlineData("last")]
    public async Task Where_symlinks_lead_outputs_nothing_is_bound(string output)
    {
        await using InputFixture fixture = await InputFixture.MakeAsync();
        MerkleTreeBuilder tree = InputFixture.NewTree();
        await AddFilesAsync(fixture, tree, "real", 10);
        tree.AddSymlink("link", "real").AddSymlink("absolute", InputFixture.Root + "/real").AddSymlink("last", "real");

        await using InputLayer layer = await fixture.LayerAsync(await fixture.LeaseAsync(tree.Build(), "", output));

        Assert.Empty(layer.Binds);
    }

    [Fact, Rule("CMD-06")]
    public async Task A_parent_that_is_absent_is_made_although_a_symlink_leads_beneath_it()
    {
        await using InputFixture fixture = await InputFixture.MakeAsync();
        MerkleTreeBuilder tree = InputFixture.NewTree().AddSymlink("dangling", "absent/x");

        await using InputLayer layer = await fixture.LayerAsync(await fixture.LeaseAsync(tree.Build(), "", "dangling", "absent/inner/out"));

        Assert.True(Directory.Exists(Path.Combine(layer.Lower, "absent/inner")));
    }

    [Fact]
    public async Task The_largest_subtrees_are_bound_where_there_are_too_many()
    {
        await using InputFixture fixture = await InputFixture.MakeAsync();
        MerkleTreeBuilder tree = InputFixture.NewTree();
        for (int i = 0; i < LayerPlan.MaxBinds + 5; i++)
            await AddFilesAsync(fixture, tree, $"d{i}", i % 2 == 0 ? 8 : 12);

        await using InputLayer layer = await fixture.LayerAsync(await fixture.LeaseAsync(tree.Build()));

        Assert.Equal(LayerPlan.MaxBinds, layer.Binds.Count);
        Assert.All(Enumerable.Range(0, LayerPlan.MaxBinds + 5).Where(i => i % 2 == 1), i => Assert.Contains(layer.Binds, bind => bind.Target == $"d{i}"));
    }

    [Fact, Rule("CMD-06")]
    public async Task A_root_that_comes_again_is_one_tree_and_what_it_lacks_is_made_above_it()
    {
        await using InputFixture fixture = await InputFixture.MakeAsync();
        MerkleTreeBuilder builder = InputFixture.NewTree();
        await AddFilesAsync(fixture, builder, "", 200);
        await AddFilesAsync(fixture, builder, "d/e", 10);
        MerkleTree tree = builder.Build();

        bool[] whole = [await IsWholeAsync("out"), await IsWholeAsync("d/out"), await IsWholeAsync("d/e"), await IsWholeAsync("new/x/out"), await IsWholeAsync("d/new/out")];

        Assert.Equal([false, true, true, true, true], whole);

        async Task<bool> IsWholeAsync(string output)
        {
            (InputLayer layer, string upper) = await fixture.LayerWithUpperAsync(await fixture.LeaseAsync(tree, "", output));
            await using InputLayer held = layer;
            string parent = Path.GetDirectoryName(output)!;
            Assert.True(Directory.Exists(Path.Combine(layer.Lower, parent)) || Directory.Exists(Path.Combine(upper, parent)));
            return layer.Lower.StartsWith(fixture.Scratch.Cache, StringComparison.Ordinal) && layer.Binds.Count == 0;
        }
    }

    [Fact]
    public async Task Cached_trees_need_nothing_from_the_CAS_but_the_command()
    {
        await using InputFixture fixture = await InputFixture.MakeAsync();
        MerkleTreeBuilder tree = InputFixture.NewTree();
        await AddFilesAsync(fixture, tree, "a", 100);
        await AddFilesAsync(fixture, tree, "b/c", 100);
        ActionLease lease = await fixture.LeaseAsync(tree.Build(), "", "out");
        await (await fixture.LayerAsync(lease)).DisposeAsync();
        var read = new List<Digest?>();
        fixture.Reads.Before = (operation, digest) =>
        {
            if (operation == StoreOperation.OpenRead)
                read.Add(digest);
            return ValueTask.CompletedTask;
        };

        await using InputLayer layer = await fixture.LayerAsync(lease);

        Assert.Equal(lease.Action.CommandDigest, Assert.Single(read)!.Value.ToProto());
        Assert.Equal(203, RootSnapshot.Of(layer).Count - 1);
    }

    [Fact, Rule("EXE-05")]
    public async Task A_whole_tree_can_be_held_if_nothing_of_it_is_missing()
    {
        await using InputFixture fixture = await InputFixture.MakeAsync();
        MerkleTreeBuilder builder = InputFixture.NewTree();
        await AddFilesAsync(fixture, builder, "usr/bin", 3);
        MerkleTree tree = builder.AddSymlink("bin", "usr/bin").Build();
        await fixture.LeaseAsync(tree);
        Digest absent = TestBlob.Of([1, 2, 3], ActionFixture.Anchor.Instance.Value).Digest;
        MerkleTree broken = InputFixture.NewTree().AddFile("etc/absent", absent).Build();
        await fixture.LeaseAsync(broken);

        string path;
        using (CachedTree held = await fixture.Inputs.HoldTreeAsync(tree.RootDigest, null, Cancellation))
        {
            path = held.Path;
            Assert.Equal(3, Directory.GetFiles(Path.Combine(path, "bin")).Length);
        }

        using CachedTree again = await fixture.Inputs.HoldTreeAsync(tree.RootDigest, null, Cancellation);
        Assert.Equal(path, again.Path);
        BlobsMissingException exception =
            await Assert.ThrowsAsync<BlobsMissingException>(() => fixture.Inputs.HoldTreeAsync(broken.RootDigest, null, Cancellation));
        Assert.Equal(absent, Assert.Single(exception.Digests));
    }

    [Fact]
    public async Task Directories_belong_to_the_action_and_files_do_not()
    {
        Assert.SkipUnless(InputFixture.Owner is not null, "only root can give files to others");
        await using InputFixture fixture = await InputFixture.MakeAsync();
        MerkleTreeBuilder tree = InputFixture.NewTree().AddDirectory("bound/inner");
        await AddFilesAsync(fixture, tree, "bound", 10);
        tree.AddFile("bound/own", await fixture.StoreAsync("own"), properties: new Reapi.NodeProperties { UnixMode = 0x180 }); // 0600

        await using InputLayer layer = await fixture.LayerAsync(await fixture.LeaseAsync(tree.Build(), "", "new/out"));

        string bound = Assert.Single(layer.Binds).Source;
        string[] owned = [layer.Lower, $"{layer.Lower}/bound", $"{layer.Lower}/new", bound, $"{bound}/inner", $"{bound}/own"];
        Assert.All(owned, path => Assert.Equal(InputFixture.Owner, FileStatus.Of(path)!.Value.UserId));
        Assert.NotEqual(InputFixture.Owner, FileStatus.Of($"{bound}/0")!.Value.UserId);
    }

    [Fact, Rule("EXE-05")]
    public async Task All_that_the_CAS_lacks_is_told_at_once()
    {
        await using InputFixture fixture = await InputFixture.MakeAsync();
        MerkleTreeBuilder tree = InputFixture.NewTree();
        Digest[] absent = [.. Enumerable.Range(0, 5).Select(i => TestBlob.Of([1, 2, 3, (byte)i], ActionFixture.Anchor.Instance.Value).Digest)];
        await AddFilesAsync(fixture, tree, "a", 10);
        await AddFilesAsync(fixture, tree, "b", 10);
        tree.AddFile("a/x", absent[0]).AddFile("a/y", absent[1]).AddFile("b/x", absent[2]).AddFile("few/x", absent[3]).AddFile("x", absent[4]);

        BlobsMissingException exception = await Assert.ThrowsAsync<BlobsMissingException>(async () => await fixture.LayerAsync(await fixture.LeaseAsync(tree.Build())));

        Assert.Equal(absent.Select(digest => digest.Hash).Order(), exception.Digests.Select(digest => digest.Hash).Order());
        Assert.Empty(fixture.CachedTrees());
    }

    [Fact, Rule("CAS-26")]
    public async Task A_tree_that_is_too_deep_is_refused_also_if_its_parts_are_known()
    {
        await using InputFixture fixture = await InputFixture.MakeAsync();
        Digest directory = ActionFixture.Anchor;
        for (int level = 0; level < 600; level++)
            directory = await WrapAsync(fixture, directory);
        Digest half = directory;
        for (int level = 0; level < 600; level++)
            directory = await WrapAsync(fixture, directory);
        var known = new InputDirectories(fixture.Memory, allowAbsoluteSymlinks: true, InputDirectories.DefaultMaxNodes);

        Assert.Empty((await known.ReadAsync([half], deep: false, Cancellation)).Missing);

        InvalidActionException exception = await Assert.ThrowsAsync<InvalidActionException>(() => known.ReadAsync([directory], deep: false, Cancellation));
        Assert.Contains("deeper", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Directories_are_forgotten_where_there_are_too_many_and_read_again()
    {
        await using InputFixture fixture = await InputFixture.MakeAsync();
        MerkleTreeBuilder tree = InputFixture.NewTree();
        for (int i = 0; i < 20; i++)
            await AddFilesAsync(fixture, tree, $"d{i}", i);
        ActionLease lease = await fixture.LeaseAsync(tree.Build());
        Assert.True(lease.ActionDigest.TryParseSibling(lease.Action.InputRootDigest, out Digest root, out _));
        int reads = 0;
        fixture.Reads.Before = (operation, _) =>
        {
            reads += operation == StoreOperation.OpenRead ? 1 : 0;
            return ValueTask.CompletedTask;
        };
        var known = new InputDirectories(fixture.Reads, allowAbsoluteSymlinks: true, maxNodes: 30);

        for (int time = 0; time < 2; time++)
        {
            InputReading reading = await known.ReadAsync([root], deep: true, Cancellation);
            Assert.Equal(1 + 20 + (19 * 20 / 2), reading.Directories[root].Nodes);
            Assert.Equal(21, reading.Directories.Count);
        }

        Assert.InRange(reads, 22, 41); // the last ones read are known, but not all of them
    }

    private static async Task<Digest> WrapAsync(InputFixture fixture, Digest directory) =>
        await fixture.StoreAsync(new Reapi.Directory { Directories = { new Reapi.DirectoryNode { Name = "d", Digest = directory.ToProto() } } });

    internal static async Task AddFilesAsync(InputFixture fixture, MerkleTreeBuilder tree, string directory, int count)
    {
        tree.AddDirectory(directory);
        for (int i = 0; i < count; i++)
            tree.AddFile(directory.Length == 0 ? $"{i}" : $"{directory}/{i}", await fixture.StoreAsync($"{directory} {i}"));
    }
}
