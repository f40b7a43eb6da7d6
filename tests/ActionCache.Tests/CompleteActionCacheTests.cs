using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.ActionCache.Tests;

public sealed class CompleteActionCacheTests : ActionCacheContract
{
    private readonly FaultyStore backing = new(new MemoryStore(16 * 1024 * 1024));
    private IBlobStore Cas => new EmptyBlobStore(backing);

    protected override ValueTask<IActionCache> CreateCacheAsync() =>
        ValueTask.FromResult<IActionCache>(new CompleteActionCache(new ActionCacheStore(new MemoryStore(16 * 1024 * 1024)), Cas));

    private async Task<Digest> StoreAsync(IMessage message) => await Cas.StoreAsync(Action(1), message.ToByteArray(), Token);

    // Asserts that a result that is put is hidden as long as any one of these blobs is absent, and shown when all are there.
    private async Task AssertNeedsAsync(Reapi.ActionResult result, params TestBlob[] needed)
    {
        foreach (TestBlob absent in needed)
        {
            await Cache.PutAsync(Action(1), result, Token);
            Assert.Null(await Cache.GetAsync(Action(1), Token));
            await Cas.WriteAllAsync(absent.Digest, absent.Content, Token);
        }

        await Cache.PutAsync(Action(1), result, Token);
        Assert.Equal(result, await Cache.GetAsync(Action(1), Token));
    }

    [Fact]
    [Rule("AC-02")]
    [Rule("Q-04")]
    public async Task A_result_is_hidden_while_a_file_or_a_stream_is_absent()
    {
        TestBlob[] blobs = [.. Enumerable.Range(0, 4).Select(i => TestBlob.Random(i, 10))];

        await AssertNeedsAsync(
            new Reapi.ActionResult
            {
                OutputFiles = { new Reapi.OutputFile { Path = "a", Digest = blobs[0].Digest.ToProto() }, new Reapi.OutputFile { Path = "b", Digest = blobs[1].Digest.ToProto() } },
                StdoutDigest = blobs[2].Digest.ToProto(),
                StderrDigest = blobs[3].Digest.ToProto(),
            },
            blobs);
    }

    [Fact]
    [Rule("AC-02")]
    public async Task A_result_is_hidden_while_a_tree_or_a_file_in_it_is_absent()
    {
        TestBlob[] files = [.. Enumerable.Range(0, 3).Select(i => TestBlob.Random(i, 10))];
        MerkleTree tree = new MerkleTreeBuilder(default, DigestFunction.Sha256)
            .AddFile("f", files[0].Digest).AddFile("d/f", files[1].Digest).AddFile("d/e/f", files[2].Digest).AddDirectory("empty").Build();
        TestBlob encoded = TestBlob.Of(tree.ToTree().ToByteArray());

        await AssertNeedsAsync(
            new Reapi.ActionResult { OutputDirectories = { new Reapi.OutputDirectory { Path = "", TreeDigest = encoded.Digest.ToProto() } } },
            [encoded, .. files]);
    }

    [Fact]
    [Rule("AC-02")]
    public async Task A_result_is_hidden_while_a_directory_of_a_hierarchy_or_a_file_in_it_is_absent()
    {
        TestBlob[] files = [.. Enumerable.Range(0, 3).Select(i => TestBlob.Random(i, 10))];
        MerkleTree tree = new MerkleTreeBuilder(default, DigestFunction.Sha256)
            .AddFile("f", files[0].Digest).AddFile("d/f", files[1].Digest).AddFile("d/e/f", files[2].Digest).AddDirectory("empty").Build();
        TestBlob[] directories = [.. tree.Blobs.Select(blob => TestBlob.Of(blob.Value.ToArray())).Where(blob => !blob.Digest.IsEmptyBlob)];
        Assert.Equal(3, directories.Length);

        await AssertNeedsAsync(
            new Reapi.ActionResult { OutputDirectories = { new Reapi.OutputDirectory { Path = "", RootDirectoryDigest = tree.RootDigest.ToProto() } } },
            [.. directories, .. files]);
    }

    [Fact]
    [Rule("AC-02")]
    [Rule("DIG-03")]
    public async Task Empty_blobs_and_inlined_data_need_no_copy()
    {
        Reapi.Digest empty = EmptyBlob.DigestOf(default, DigestFunction.Sha256).ToProto();

        await AssertNeedsAsync(new Reapi.ActionResult
        {
            OutputFiles =
            {
                new Reapi.OutputFile { Path = "empty", Digest = empty },
                new Reapi.OutputFile { Path = "inlined", Contents = ByteString.CopyFromUtf8("x") },
            },
            StdoutDigest = empty,
            StderrRaw = ByteString.CopyFromUtf8("e"),
            OutputDirectories = { new Reapi.OutputDirectory { Path = "d", RootDirectoryDigest = empty } },
        });
    }

    [Fact]
    [Rule("AC-02")]
    public async Task A_result_that_can_not_be_checked_is_hidden()
    {
        Digest nonsense = await Cas.StoreAsync(Action(1), new byte[] { 0x0a, 0xff }, Token);
        Digest rootless = await StoreAsync(new Reapi.Tree { Children = { new Reapi.Directory() } });
        Digest digestlessFile = await StoreAsync(new Reapi.Tree { Root = new Reapi.Directory { Files = { new Reapi.FileNode { Name = "f" } } } });
        Digest digestlessChild = await StoreAsync(new Reapi.Directory { Directories = { new Reapi.DirectoryNode { Name = "d" } } });
        Reapi.ActionResult[] results =
        [
            new() { OutputFiles = { new Reapi.OutputFile { Path = "f" } } },
            new() { OutputDirectories = { new Reapi.OutputDirectory { Path = "d" } } },
            new() { StdoutDigest = new Reapi.Digest { Hash = "x" } },
            .. Enumerable.Select([nonsense, rootless, digestlessFile], tree => Directory(tree: tree)),
            .. Enumerable.Select([nonsense, digestlessChild], root => Directory(root: root)),
        ];

        foreach (Reapi.ActionResult result in results)
        {
            await Cache.PutAsync(Action(1), result, Token);
            Assert.Null(await Cache.GetAsync(Action(1), Token));
        }
    }

    [Fact]
    [Rule("AC-02")]
    [Rule("CAS-02")]
    [Rule("Q-05")]
    public async Task A_lookup_counts_as_a_use_of_every_blob()
    {
        TestBlob[] files = [.. Enumerable.Range(0, 4).Select(i => TestBlob.Random(i, 1000))];
        MerkleTree tree = new MerkleTreeBuilder(default, DigestFunction.Sha256).AddFile("d/f", files[0].Digest).Build();
        byte[] encoded = tree.ToTree().ToByteArray();
        var cas = new MemoryStore(4000 + encoded.Length);
        var cache = new CompleteActionCache(new ActionCacheStore(new MemoryStore(10_000)), cas);
        await cas.WriteAllAsync(files[0].Digest, files[0].Content, Token);
        Digest treeDigest = await cas.StoreAsync(Action(1), encoded, Token);
        await cas.WriteAllAsync(files[1].Digest, files[1].Content, Token);
        Reapi.ActionResult result = Directory(tree: treeDigest);
        result.StdoutDigest = files[1].Digest.ToProto();
        await cache.PutAsync(Action(1), result, Token);

        // Each new blob drives out the one used least recently; the room is for the result's blobs and two more.
        for (int i = 10; i < 20; i++)
        {
            Assert.NotNull(await cache.GetAsync(Action(1), Token));
            TestBlob other = TestBlob.Random(i, 1000);
            await cas.WriteAllAsync(other.Digest, other.Content, Token);
        }

        Assert.NotNull(await cache.GetAsync(Action(1), Token));
    }

    [Fact]
    [Rule("AC-02")]
    public async Task A_result_that_is_found_incomplete_gives_its_space_back()
    {
        TestBlob output = TestBlob.Random(1, 10);
        var results = new MemoryStore(10_000);
        var cache = new CompleteActionCache(new ActionCacheStore(results), Cas);
        await cache.PutAsync(Action(1), new Reapi.ActionResult { StdoutDigest = output.Digest.ToProto() }, Token);
        Assert.True(await results.ContainsAsync(Action(1), Token));

        Assert.Null(await cache.GetAsync(Action(1), Token));

        Assert.False(await results.ContainsAsync(Action(1), Token));
    }

    [Fact]
    [Rule("AC-02")]
    public async Task A_result_of_which_a_part_is_only_out_of_reach_is_answered_again_later()
    {
        TestBlob output = TestBlob.Random(1, 10);
        var cache = new CompleteActionCache(new ActionCacheStore(new MemoryStore(10_000)), Cas, discardsIncomplete: false);
        await cache.PutAsync(Action(1), new Reapi.ActionResult { StdoutDigest = output.Digest.ToProto() }, Token);
        Assert.Null(await cache.GetAsync(Action(1), Token));

        await Cas.WriteAllAsync(output.Digest, output.Content, Token);

        Assert.NotNull(await cache.GetAsync(Action(1), Token));
    }

    [Fact]
    [Rule("AC-02")]
    [Rule("AC-11")]
    public async Task A_result_that_is_stored_while_an_older_one_is_found_incomplete_stays()
    {
        TestBlob old = TestBlob.Random(1, 10), good = TestBlob.Random(2, 10);
        var result = new Reapi.ActionResult { StdoutDigest = good.Digest.ToProto() };
        await Cas.WriteAllAsync(good.Digest, good.Content, Token);
        await Cache.PutAsync(Action(1), new Reapi.ActionResult { StdoutDigest = old.Digest.ToProto() }, Token);
        backing.Before = async (operation, _) =>
        {
            if (operation == StoreOperation.FindMissing)
                await Cache.PutAsync(Action(1), result, Token);
        };

        Assert.Null(await Cache.GetAsync(Action(1), Token));

        Assert.Equal(result, await Cache.GetAsync(Action(1), Token));
    }

    [Fact]
    [Rule("CAS-03")]
    public async Task While_the_CAS_can_not_be_asked_nothing_is_answered_by_guess()
    {
        await Cache.PutAsync(Action(1), new Reapi.ActionResult { StdoutDigest = TestBlob.Random(1, 10).Digest.ToProto() }, Token);
        backing.Fail(StoreOperation.FindMissing, () => new StoreUnavailableException("cas", null));

        await Assert.ThrowsAsync<StoreUnavailableException>(() => Cache.GetAsync(Action(1), Token));

        backing.Before = null;
        await Cas.WriteAllAsync(TestBlob.Random(1, 10).Digest, TestBlob.Random(1, 10).Content, Token);
        Assert.NotNull(await Cache.GetAsync(Action(1), Token));
    }

    [Fact]
    [Rule("BSR-08")]
    public async Task A_tree_found_damaged_hides_the_result()
    {
        Digest tree = await StoreAsync(new Reapi.Tree { Root = new Reapi.Directory() });
        await Cache.PutAsync(Action(1), Directory(tree: tree), Token);
        backing.Fail(StoreOperation.Read, () => new BlobCorruptException(tree));

        Assert.Null(await Cache.GetAsync(Action(1), Token));
    }

    private static Reapi.ActionResult Directory(Digest? tree = null, Digest? root = null) => new()
    {
        OutputDirectories = { new Reapi.OutputDirectory { Path = "d", TreeDigest = tree?.ToProto(), RootDirectoryDigest = root?.ToProto() } },
    };
}
