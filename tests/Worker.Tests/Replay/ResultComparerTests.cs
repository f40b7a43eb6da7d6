using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Native;
using RemoteExec.Protocol;
using RemoteExec.TestKit;
using RemoteExec.Worker.Replay;

namespace RemoteExec.Worker.Tests.Replay;

public sealed class ResultComparerTests : IDisposable
{
    private static readonly Digest action = TestBlob.Of("an action"u8.ToArray()).Digest;
    private readonly TemporaryDirectory directory = new();
    private readonly MemoryStore cas = new(1 << 24);
    private readonly ResultComparer comparer;

    public ResultComparerTests() => comparer = new ResultComparer(action, cas);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => directory.Dispose();

    [Theory]
    [InlineData(300_000, 300_000, 150_000, 150_000)]
    [InlineData(300_000, 300_000, 0, 0)]
    [InlineData(300_000, 300_000, 299_999, 299_999)]
    [InlineData(300_000, 65_536, -1, 65_536)]
    [InlineData(65_536, 300_000, -1, 65_536)]
    [InlineData(1, 0, -1, 0)]
    [InlineData(0, 1, -1, 0)]
    public async Task The_first_byte_that_differs_is_found_wherever_it_is(int recordedBytes, int bytes, int changed, int expected)
    {
        byte[] content = TestBlob.Random(1, 300_000).Content, other = [.. content];
        if (changed >= 0)
            other[changed] ^= 1;
        Digest recorded = await cas.StoreAsync(action, content.AsMemory(0, recordedBytes), Token);

        ComparedPart part = Assert.Single(await CompareAsync(new ResultNode(FileKind.File) { Digest = recorded }, Here(other[..bytes])));

        Assert.Equal((PartVerdict.Differs, (long?)expected), (part.Verdict, part.FirstOffset));
    }

    [Fact]
    public async Task Content_that_the_server_has_no_more_differs_by_its_digest_alone()
    {
        ComparedPart part = Assert.Single(await CompareAsync(new ResultNode(FileKind.File) { Digest = TestBlob.Random(3, 10).Digest }, Here([1, 2])));

        Assert.Equal((PartVerdict.Differs, null, "10 bytes are recorded, 2 were made here; the server has the recorded ones no more"), (part.Verdict, part.FirstOffset, part.What));
    }

    [Fact]
    public async Task A_file_is_the_same_only_if_it_can_be_executed_as_well_or_not()
    {
        ResultNode now = Here([1, 2, 3]);

        ComparedPart part = Assert.Single(await CompareAsync(new ResultNode(FileKind.File) { Digest = now.Digest, IsExecutable = true }, now));

        Assert.Equal((PartVerdict.Differs, "only the recorded file can be executed"), (part.Verdict, part.What));
    }

    [Fact]
    public async Task Standard_output_that_a_result_has_in_itself_counts_as_that_which_it_has_by_digest()
    {
        ResultNode now = Here("said"u8.ToArray());

        Assert.Equal(PartVerdict.Same, (await comparer.CompareLogAsync(PartKind.Stdout, null, ByteString.CopyFromUtf8("said"), now, Token)).Verdict);
        Assert.Equal(PartVerdict.Same, (await comparer.CompareLogAsync(PartKind.Stdout, now.Digest!.Value.ToProto(), ByteString.Empty, now, Token)).Verdict);
        ComparedPart other = await comparer.CompareLogAsync(PartKind.Stdout, null, ByteString.CopyFromUtf8("sand"), now, Token);
        Assert.Equal((PartVerdict.Differs, (long?)2), (other.Verdict, other.FirstOffset));
        Assert.Equal(PartVerdict.New, (await comparer.CompareLogAsync(PartKind.Stdout, null, ByteString.Empty, now, Token)).Verdict);
        Assert.Equal(PartVerdict.Same, (await comparer.CompareLogAsync(PartKind.Stdout, TestBlob.Of([]).Digest.ToProto(), ByteString.Empty, null, Token)).Verdict);
    }

    [Fact]
    public async Task All_that_is_in_a_recorded_directory_is_compared_by_its_tree_or_by_its_directories()
    {
        MerkleTree tree = new MerkleTreeBuilder(action.Instance, action.Function)
            .AddFile("a/b/file", await cas.StoreAsync(action, "x"u8.ToArray(), Token)).AddSymlink("a/link", "b").AddDirectory("empty").Build();
        foreach ((Digest digest, ReadOnlyMemory<byte> encoded) in tree.Blobs)
            await cas.WriteAllAsync(digest, encoded, Token);
        Digest message = await cas.StoreAsync(action, tree.ToTree().ToByteArray(), Token);
        var result = new Reapi.ActionResult
        {
            OutputDirectories =
            {
                new Reapi.OutputDirectory { Path = "by tree", TreeDigest = message.ToProto() },
                new Reapi.OutputDirectory { Path = "by directories", RootDirectoryDigest = tree.RootDigest.ToProto() },
                new Reapi.OutputDirectory { Path = "gone", TreeDigest = TestBlob.Random(9, 9).Digest.ToProto() },
            },
        };

        IReadOnlyDictionary<string, ResultNode> recorded = await new RecordedOutputs(action, cas).ReadAsync(result, Token);
        IReadOnlyList<ComparedPart> parts = await comparer.CompareOutputsAsync(recorded, new Dictionary<string, ResultNode>
        {
            ["gone"] = new(FileKind.Directory),
            ["gone/file"] = Here([7]),
        }, Token);

        string[] inTree = ["", "/a", "/a/b", "/a/b/file", "/a/link", "/empty"];
        Assert.Equal([.. inTree.Select(path => "by directories" + path), .. inTree.Select(path => "by tree" + path), "gone"], recorded.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(12, parts.Count(part => part.Verdict == PartVerdict.Missing));
        Assert.Equal("gone", Assert.Single(parts, part => part.Verdict == PartVerdict.Differs).Path);
    }

    private Task<IReadOnlyList<ComparedPart>> CompareAsync(ResultNode recorded, ResultNode now) =>
        comparer.CompareOutputsAsync(new Dictionary<string, ResultNode> { ["out"] = recorded }, new Dictionary<string, ResultNode> { ["out"] = now }, Token);

    private ResultNode Here(byte[] content)
    {
        string path = directory[Guid.NewGuid().ToString("N")];
        File.WriteAllBytes(path, content);
        return new ResultNode(FileKind.File) { Digest = action.SiblingOf(content), Place = path };
    }
}
