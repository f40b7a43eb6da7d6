using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Runs.Inputs;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Runs.Tests.Inputs;

public sealed class InputTreeTests
{
    private readonly EmptyBlobStore cas = new(new MemoryStore(1 << 24));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Files_and_directories_become_one_tree_in_the_canonical_form()
    {
        Digest library = await StoreAsync(("include/a.h", "a"), ("lib/b", "b"));
        var tree = new InputTree(cas, default, DigestFunction.Sha256);

        await tree.AddAsync(new StoredNode("") { Directory = library }, "", Token);
        await tree.AddAsync(File("c"), "include/c.h", Token);
        await tree.AddAsync(File("run", isExecutable: true), "z/run", Token);
        await tree.AddAsync(new StoredNode("elsewhere") { Target = "../lib" }, "z/link", Token);
        await tree.AddDirectoryAsync("empty/dir", Token);
        Digest root = await tree.StoreAsync(Token);

        var expected = new MerkleTreeBuilder(default, DigestFunction.Sha256);
        expected.AddFile("include/a.h", DigestOf("a"), false);
        expected.AddFile("include/c.h", DigestOf("c"), false);
        expected.AddFile("lib/b", DigestOf("b"), false);
        expected.AddFile("z/run", DigestOf("run"), true);
        expected.AddSymlink("z/link", "../lib");
        expected.AddDirectory("empty/dir");
        Assert.Equal(expected.Build().RootDigest, root);
        Assert.Equal(10, (await StoredTree.LoadAsync(cas, root, Token)).Nodes().Count());
    }

    [Fact]
    public async Task A_directory_that_stays_as_it_is_is_not_read()
    {
        Digest unknown = TestBlob.Random(1, 100).Digest;
        var tree = new InputTree(cas, default, DigestFunction.Sha256);

        await tree.AddAsync(new StoredNode("") { Directory = unknown }, "tools", Token);
        Digest root = await tree.StoreAsync(Token);

        Assert.Equal(unknown, (await StoredPath.FindAsync(cas, root, "tools", Token)).Directory);
    }

    [Fact]
    public async Task A_directory_alone_is_the_root_itself()
    {
        Digest unknown = TestBlob.Random(1, 100).Digest;
        var tree = new InputTree(cas, default, DigestFunction.Sha256);

        await tree.AddAsync(new StoredNode("") { Directory = unknown }, "", Token);

        Assert.Equal(unknown, await tree.StoreAsync(Token));
    }

    [Fact]
    public async Task The_same_twice_is_no_clash_and_something_else_is()
    {
        Digest directory = await StoreAsync(("a", "a"));
        var tree = new InputTree(cas, default, DigestFunction.Sha256);
        await tree.AddAsync(new StoredNode("") { Directory = directory }, "x", Token);
        await tree.AddAsync(File("a"), "x/a", Token);
        await tree.AddAsync(new StoredNode("") { Directory = directory }, "x", Token);

        RunException other = await Assert.ThrowsAsync<RunException>(() => tree.AddAsync(File("b"), "x/a", Token));
        RunException executable = await Assert.ThrowsAsync<RunException>(() => tree.AddAsync(File("a", isExecutable: true), "x/a", Token));
        RunException below = await Assert.ThrowsAsync<RunException>(() => tree.AddAsync(File("b"), "x/a/b", Token));

        Assert.All([other, executable, below], clash => Assert.Contains("'x/a'", clash.Message, StringComparison.Ordinal));
    }

    private static Digest DigestOf(string content) => TestBlob.Of(System.Text.Encoding.UTF8.GetBytes(content)).Digest;

    private static StoredNode File(string content, bool isExecutable = false) => new("anywhere") { File = DigestOf(content), IsExecutable = isExecutable };

    private async Task<Digest> StoreAsync(params (string Path, string Content)[] files)
    {
        var builder = new MerkleTreeBuilder(default, DigestFunction.Sha256);
        foreach ((string path, string content) in files)
            builder.AddFile(path, DigestOf(content), false);
        MerkleTree tree = builder.Build();
        foreach ((Digest digest, ReadOnlyMemory<byte> content) in tree.Blobs)
            await cas.WriteAllAsync(digest, content, Token);
        return tree.RootDigest;
    }
}
