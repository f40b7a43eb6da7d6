using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Cas.Services;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.TestKit;

namespace RemoteExec.Conformance.Tests.Cas;

public sealed class GetTreeTests
{
    private static readonly Digest file = TestBlob.Random(1, 10).Digest;

    private static MerkleTree Build(params string[] files)
    {
        var builder = new MerkleTreeBuilder(default, DigestFunction.Sha256);
        foreach (string path in files)
            builder.AddFile(path, file);
        return builder.Build();
    }

    private static MerkleTree Wide(int directories) => Build([.. Enumerable.Range(0, directories).Select(i => $"d{i / 10:D3}/e{i:D4}/f{i}")]);

    private static async Task StoreAsync(CasServer server, MerkleTree tree, Func<Digest, bool>? which = null)
    {
        foreach ((Digest digest, ReadOnlyMemory<byte> content) in tree.Blobs)
        {
            if (which is null || which(digest))
                await server.Store.WriteAllAsync(digest, content, CasServer.Token);
        }
    }

    private static Reapi.GetTreeRequest Request(MerkleTree tree, int pageSize = 0, string token = "") =>
        new() { RootDigest = tree.RootDigest.ToProto(), PageSize = pageSize, PageToken = token };

    private static HashSet<Digest> Digests(IEnumerable<Reapi.GetTreeResponse> pages) => [.. pages.SelectMany(page => page.Directories).Select(DigestOf)];

    private static Digest DigestOf(Reapi.Directory directory) => IncrementalHasher.Compute(default, DigestFunction.Sha256, directory.ToByteArray());

    [Fact]
    [Rule("CAS-22")]
    [Rule("DIG-11")]
    public async Task Every_directory_comes_once_the_root_first_parents_before_children()
    {
        await using CasServer server = await CasServer.StartAsync();
        MerkleTree tree = Build("f", "a/f", "b/f", "a/c/deep/er/f", "x/y/z", "same/f");
        await StoreAsync(server, tree);

        List<Reapi.GetTreeResponse> pages = await server.GetTreeAsync(Request(tree));

        Reapi.GetTreeResponse page = Assert.Single(pages);
        Assert.Empty(page.NextPageToken);
        Assert.Equal(tree.Root, page.Directories[0]);
        Assert.Equal(tree.Blobs.Select(blob => blob.Key).ToHashSet(), Digests(pages));
        Assert.Equal(tree.Blobs.Count(), page.Directories.Count);
        var known = new HashSet<string> { tree.RootDigest.Hash };
        foreach (Reapi.Directory directory in page.Directories)
        {
            Assert.Contains(DigestOf(directory).Hash, known);
            known.UnionWith(directory.Directories.Select(child => child.Digest.Hash));
        }
    }

    [Fact]
    [Rule("CAS-22")]
    [Rule("DIG-03")]
    public async Task Empty_directories_are_there_without_having_been_uploaded()
    {
        await using CasServer server = await CasServer.StartAsync();
        MerkleTree tree = new MerkleTreeBuilder(default, DigestFunction.Sha256).AddDirectory("empty").Build();
        await StoreAsync(server, tree, digest => !digest.IsEmptyBlob);
        MerkleTree nothing = Build();

        Assert.Equal([tree.Root, new Reapi.Directory()], Assert.Single(await server.GetTreeAsync(Request(tree))).Directories);
        Assert.Equal([new Reapi.Directory()], Assert.Single(await server.GetTreeAsync(Request(nothing))).Directories);
    }

    [Fact]
    [Rule("CAS-20")]
    public async Task An_absent_root_is_NOT_FOUND()
    {
        await using CasServer server = await CasServer.StartAsync();

        await CasServer.AssertRefusedAsync(StatusCode.NotFound, server.GetTreeAsync(Request(Build("f"))));
    }

    [Fact]
    [Rule("CAS-21")]
    public async Task Missing_and_unreadable_descendants_are_left_out()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob garbage = await server.AddAsync(TestBlob.Of([0xFF, 0xFF, 0xFF]));
        var root = new Reapi.Directory
        {
            Directories =
            {
                new Reapi.DirectoryNode { Name = "bad-digest", Digest = new Reapi.Digest { Hash = "xyz" } },
                new Reapi.DirectoryNode { Name = "garbage", Digest = CasServer.Wire(garbage) },
                new Reapi.DirectoryNode { Name = "gone", Digest = CasServer.Wire(TestBlob.Random(2, 50)) },
                new Reapi.DirectoryNode { Name = "no-digest" },
                new Reapi.DirectoryNode { Name = "there", Digest = Build("f").RootDigest.ToProto() },
            },
        };
        TestBlob rootBlob = await server.AddAsync(TestBlob.Of(root.ToByteArray()));
        await StoreAsync(server, Build("f"));

        List<Reapi.GetTreeResponse> pages = await server.GetTreeAsync(new Reapi.GetTreeRequest { RootDigest = CasServer.Wire(rootBlob) });

        Assert.Equal([root, Build("f").Root], Assert.Single(pages).Directories);
    }

    [Fact]
    [Rule("CAS-21")]
    [Rule("GEN-06")]
    public async Task A_root_that_is_no_directory_or_not_given_is_INVALID_ARGUMENT()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob garbage = await server.AddAsync(TestBlob.Of([0xFF, 0xFF, 0xFF]));

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.GetTreeAsync(new Reapi.GetTreeRequest { RootDigest = CasServer.Wire(garbage) }));
        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.GetTreeAsync(new Reapi.GetTreeRequest()));
    }

    [Theory]
    [Rule("CAS-23")]
    [Rule("CAS-24")]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(50)]
    [InlineData(1000)]
    public async Task Pages_keep_to_their_size_and_any_of_them_can_be_continued(int pageSize)
    {
        await using CasServer server = await CasServer.StartAsync();
        MerkleTree tree = Wide(200);
        await StoreAsync(server, tree);
        List<Reapi.GetTreeResponse> pages = await server.GetTreeAsync(Request(tree, pageSize));
        int count = tree.Blobs.Count();

        Assert.All(pages, page => Assert.InRange(page.Directories.Count, 1, pageSize));
        Assert.Equal((count + pageSize - 1) / pageSize, pages.Count);
        Assert.Equal(tree.Blobs.Select(blob => blob.Key).ToHashSet(), Digests(pages));
        Assert.Equal(count, pages.Sum(page => page.Directories.Count));
        Assert.All(pages.SkipLast(1), page => Assert.NotEmpty(page.NextPageToken));
        Assert.Empty(pages[^1].NextPageToken);
        for (int i = 0; i < pages.Count - 1; i += Math.Max(1, pages.Count / 5))
            Assert.Equal(pages.Skip(i + 1), await server.GetTreeAsync(Request(tree, pageSize, pages[i].NextPageToken)));
    }

    [Fact]
    [Rule("CAS-24")]
    public async Task A_token_survives_another_page_size_and_another_server()
    {
        await using CasServer first = await CasServer.StartAsync();
        await using CasServer second = await CasServer.StartAsync();
        MerkleTree tree = Wide(100);
        await StoreAsync(first, tree);
        await StoreAsync(second, tree);
        List<Reapi.GetTreeResponse> pages = await first.GetTreeAsync(Request(tree, 10));

        List<Reapi.GetTreeResponse> rest = await second.GetTreeAsync(Request(tree, 0, pages[2].NextPageToken));

        Assert.Equal(pages.Skip(3).SelectMany(page => page.Directories), rest.SelectMany(page => page.Directories));
    }

    [Theory]
    [Rule("CAS-24")]
    [InlineData("x")]
    [InlineData("1")]
    [InlineData(".")]
    [InlineData("1.")]
    [InlineData("-1.0000")]
    [InlineData("1.0000")]
    [InlineData("99999.0000")]
    [InlineData("99999999999.0000")]
    public async Task A_token_that_no_server_gave_is_INVALID_ARGUMENT(string token)
    {
        await using CasServer server = await CasServer.StartAsync();
        MerkleTree tree = Wide(10);
        await StoreAsync(server, tree);

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.GetTreeAsync(Request(tree, 0, token)));
    }

    [Fact]
    [Rule("CAS-24")]
    public async Task A_token_of_another_tree_is_INVALID_ARGUMENT()
    {
        await using CasServer server = await CasServer.StartAsync();
        MerkleTree tree = Wide(20);
        MerkleTree other = Build("a/b", "c/d", "e/f/g");
        await StoreAsync(server, tree);
        await StoreAsync(server, other);
        string token = (await server.GetTreeAsync(Request(tree, 1)))[0].NextPageToken;

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.GetTreeAsync(Request(other, 0, token)));
    }

    [Fact]
    [Rule("CAS-23")]
    public async Task A_negative_page_size_is_INVALID_ARGUMENT()
    {
        await using CasServer server = await CasServer.StartAsync();

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.GetTreeAsync(Request(Build("f"), -1)));
    }

    [Fact]
    [Rule("CAS-25")]
    [Rule("Q-15")]
    public async Task Messages_stay_below_4_MiB_whatever_the_page_size()
    {
        await using CasServer server = await CasServer.StartAsync();
        var builder = new MerkleTreeBuilder(default, DigestFunction.Sha256);
        for (int i = 0; i < 6; i++)
        {
            for (int j = 0; j < 10_000; j++)
                builder.AddFile($"d{i}/f{i}{j:D5}", file);
        }

        MerkleTree tree = builder.Build();
        await StoreAsync(server, tree);

        List<Reapi.GetTreeResponse> pages = await server.GetTreeAsync(Request(tree, 1000));

        Assert.InRange(pages.Count, 2, 6);
        Assert.All(pages, page => Assert.InRange(page.CalculateSize(), 1, 4 * 1024 * 1024));
        Assert.Equal(7, pages.Sum(page => page.Directories.Count));
    }

    [Fact]
    [Rule("CAS-26")]
    public async Task A_tree_that_is_too_deep_is_RESOURCE_EXHAUSTED()
    {
        await using CasServer server = await CasServer.StartAsync();
        MerkleTree tree = Build(string.Join('/', Enumerable.Repeat("d", 2000)) + "/f");
        await StoreAsync(server, tree);

        await CasServer.AssertRefusedAsync(StatusCode.ResourceExhausted, server.GetTreeAsync(Request(tree)));
    }

    [Fact]
    [Rule("CAS-26")]
    public async Task A_directory_that_is_too_long_is_RESOURCE_EXHAUSTED()
    {
        await using CasServer server = await CasServer.StartAsync(new CasLimits { MaxDirectoryBytes = 100 });
        MerkleTree tree = Build("a", "b");
        await StoreAsync(server, tree);

        await CasServer.AssertRefusedAsync(StatusCode.ResourceExhausted, server.GetTreeAsync(Request(tree)));
    }

    [Fact]
    [Rule("CAS-03")]
    public async Task A_failing_store_is_UNAVAILABLE_and_no_missing_directory()
    {
        FaultyStore faulty = null!;
        await using CasServer server = await CasServer.StartAsync(wrap: media => faulty = new FaultyStore(media));
        MerkleTree tree = Build("a/b");
        await StoreAsync(server, tree);
        faulty.Before = (operation, digest) => operation == StoreOperation.OpenRead && digest != tree.RootDigest
            ? throw new StoreUnavailableException("disk", new IOException("no"))
            : default;

        await CasServer.AssertRefusedAsync(StatusCode.Unavailable, server.GetTreeAsync(Request(tree)));
    }
}
