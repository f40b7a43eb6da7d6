using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Services;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.TestKit;
using Function = Build.Bazel.Remote.Execution.V2.ChunkingFunction.Types.Value;

namespace RemoteExec.Conformance.Tests.Cas;

public sealed class ChunkingTests
{
    private const string Service = "/build.bazel.remote.execution.v2.ContentAddressableStorage/";

    [Theory]
    [Rule("CAS-27")]
    [Rule("CAS-28")]
    [Rule("CAS-36")]
    [Rule("Q-20")]
    [InlineData(0, 0, Function.Unknown)]
    [InlineData(1, 1, Function.FastCdc2020)]
    [InlineData(131_073, 1, Function.RepMaxCdc)]
    [InlineData(10_000_000, 10, (Function)77)]
    [InlineData(10_000_000, 20, Function.RepMaxCdc)]
    public async Task A_split_gives_chunks_that_make_the_blob(int length, int atLeast, Function wanted)
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = await server.AddAsync(TestBlob.Random(1, length));

        Reapi.SplitBlobResponse answer = await SplitAsync(server, new Reapi.SplitBlobRequest { BlobDigest = CasServer.Wire(blob), ChunkingFunction = wanted });

        Assert.Equal(wanted == Function.RepMaxCdc ? Function.RepMaxCdc : Function.FastCdc2020, answer.ChunkingFunction);
        Assert.True(answer.ChunkDigests.Count >= atLeast);
        Assert.Equal(blob.Content, await ContentAsync(server, answer.ChunkDigests));
    }

    [Theory]
    [Rule("CAS-31")]
    [Rule("CAS-38")]
    [Rule("CAS-39")]
    [InlineData(Function.FastCdc2020)]
    [InlineData(Function.RepMaxCdc)]
    public async Task Builds_that_differ_little_share_their_chunks(Function function)
    {
        await using CasServer server = await CasServer.StartAsync();
        byte[] first = TestBlob.Random(1, 20_000_000).Content;
        byte[] second = [.. first[..9_000_000], .. TestBlob.Random(2, 200_000).Content, .. first[9_100_000..]];

        IEnumerable<Reapi.Digest> known = (await SplitAsync(server, await server.AddAsync(TestBlob.Of(first)), function)).ChunkDigests;
        IEnumerable<Reapi.Digest> chunks = (await SplitAsync(server, await server.AddAsync(TestBlob.Of(second)), function)).ChunkDigests;

        long fresh = chunks.Except(known).Sum(chunk => chunk.SizeBytes);
        Assert.InRange(fresh, 200_000, second.Length / 5);
    }

    [Fact]
    [Rule("CAS-29")]
    public async Task Splitting_an_absent_blob_is_NOT_FOUND()
    {
        await using CasServer server = await CasServer.StartAsync();

        await CasServer.AssertRefusedAsync(
            StatusCode.NotFound, SplitAsync(server, new Reapi.SplitBlobRequest { BlobDigest = CasServer.Wire(TestBlob.Random(1, 100)) }));
    }

    [Fact]
    [Rule("CAS-29")]
    public async Task Splitting_without_room_for_the_chunks_is_RESOURCE_EXHAUSTED()
    {
        var full = new FaultyStore(new MemoryStore(64_000_000));
        await using CasServer server = await CasServer.StartOverAsync(new EmptyBlobStore(new VerifyingStore(full)));
        TestBlob blob = await server.AddAsync(TestBlob.Random(1, 5_000_000));
        full.Fail(StoreOperation.OpenWrite, () => new StoreFullException("full", 1, "free some"));

        await CasServer.AssertRefusedAsync(StatusCode.ResourceExhausted, SplitAsync(server, blob));
    }

    [Fact]
    [Rule("CAS-30")]
    public async Task Splitting_counts_as_a_use_of_the_blob_and_of_its_chunks()
    {
        await using CasServer server = await CasServer.StartOverAsync(new EmptyBlobStore(new VerifyingStore(new MemoryStore(10_000_000))));
        TestBlob blob = await server.AddAsync(TestBlob.Random(1, 3_000_000));
        Reapi.SplitBlobResponse chunks = await SplitAsync(server, blob);
        TestBlob other = await server.AddAsync(TestBlob.Random(2, 3_000_000));

        Assert.True(chunks.ChunkDigests.Count > 1);
        await SplitAsync(server, blob);
        await server.AddAsync(TestBlob.Random(3, 3_000_000));

        Assert.False(await server.HasAsync(other));
        Assert.True(await server.HasAsync(blob));
        Assert.Equal(blob.Content, await ContentAsync(server, chunks.ChunkDigests));
    }

    [Theory]
    [Rule("CAS-32")]
    [Rule("CAS-35")]
    [Rule("CAS-36")]
    [Rule("CAS-41")]
    [InlineData(Function.Unknown)]
    [InlineData(Function.FastCdc2020)]
    [InlineData(Function.RepMaxCdc)]
    public async Task A_splice_makes_a_blob_that_is_read_as_a_whole(Function function)
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob[] chunks = [await server.AddAsync(TestBlob.Random(1, 100_000)), await server.AddAsync(TestBlob.Random(2, 1)), await server.AddAsync(TestBlob.Random(3, 70_000))];
        TestBlob blob = TestBlob.Of([.. chunks[0].Content, .. chunks[1].Content, .. chunks[2].Content, .. chunks[0].Content]);
        Reapi.SpliceBlobRequest request = Request(blob, chunks[0], chunks[1], chunks[2], chunks[0]);
        request.ChunkingFunction = function;

        Reapi.SpliceBlobResponse answer = await SpliceAsync(server, request);

        Assert.Equal(CasServer.Wire(blob), answer.BlobDigest);
        Assert.True(await server.HasAsync(blob));
        Assert.Equal(blob.Content, await server.ReadAsync(ResourceName.FormatRead(blob.Digest)));
    }

    [Fact]
    [Rule("CAS-32")]
    public async Task A_splice_that_is_not_what_it_claims_is_INVALID_ARGUMENT()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob one = await server.AddAsync(TestBlob.Random(1, 1000)), two = await server.AddAsync(TestBlob.Random(2, 1000));
        TestBlob blob = TestBlob.Of([.. one.Content, .. two.Content]);

        foreach (TestBlob[] chunks in (TestBlob[][])[[two, one], [one], [one, two, two], []])
        {
            await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, SpliceAsync(server, Request(blob, chunks)));
            Assert.False(await server.HasAsync(blob));
        }
    }

    [Fact]
    [Rule("CAS-32")]
    public async Task A_splice_of_absent_chunks_is_NOT_FOUND()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob one = await server.AddAsync(TestBlob.Random(1, 1000)), absent = TestBlob.Random(2, 1000);

        RpcStatus status = await CasServer.StatusOfAsync(SpliceAsync(server, Request(TestBlob.Of([.. one.Content, .. absent.Content]), one, absent)));

        Assert.Equal(StatusCode.NotFound, status.Code);
        Assert.Contains(absent.Digest.Hash, status.Message);
    }

    [Fact]
    [Rule("CAS-33")]
    [Rule("CAS-34")]
    public async Task Splicing_what_exists_succeeds_and_counts_as_a_use_of_the_chunks()
    {
        await using CasServer server = await CasServer.StartOverAsync(new EmptyBlobStore(new VerifyingStore(new MemoryStore(4000))));
        TestBlob chunk = await server.AddAsync(TestBlob.Random(1, 1000)), blob = await server.AddAsync(TestBlob.Random(2, 1000));
        TestBlob other = await server.AddAsync(TestBlob.Random(3, 1000));
        await server.AddAsync(TestBlob.Random(4, 1000));

        await SpliceAsync(server, Request(blob, chunk));
        await server.AddAsync(TestBlob.Random(5, 1000));

        Assert.True(await server.HasAsync(chunk));
        Assert.False(await server.HasAsync(other));
    }

    [Fact]
    [Rule("CAS-35")]
    [Rule("CAS-12")]
    public async Task A_splice_without_a_digest_or_of_too_long_a_blob_is_INVALID_ARGUMENT()
    {
        await using CasServer server = await CasServer.StartAsync(new CasLimits { MaxBlobBytes = 1000 });
        TestBlob chunk = await server.AddAsync(TestBlob.Random(1, 600));

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, SpliceAsync(server, new Reapi.SpliceBlobRequest { ChunkDigests = { CasServer.Wire(chunk) } }));
        await CasServer.AssertRefusedAsync(
            StatusCode.InvalidArgument, SpliceAsync(server, Request(TestBlob.Of([.. chunk.Content, .. chunk.Content]), chunk, chunk)));
    }

    private static Reapi.SpliceBlobRequest Request(TestBlob blob, params TestBlob[] chunks)
    {
        var request = new Reapi.SpliceBlobRequest { BlobDigest = CasServer.Wire(blob) };
        request.ChunkDigests.Add(chunks.Select(CasServer.Wire));
        return request;
    }

    private static Task<Reapi.SplitBlobResponse> SplitAsync(CasServer server, TestBlob blob, Function function = Function.Unknown) =>
        SplitAsync(server, new Reapi.SplitBlobRequest { BlobDigest = CasServer.Wire(blob), ChunkingFunction = function });

    private static Task<Reapi.SplitBlobResponse> SplitAsync(CasServer server, Reapi.SplitBlobRequest request) =>
        server.Channel.UnaryAsync<Reapi.SplitBlobRequest, Reapi.SplitBlobResponse>(Service + "SplitBlob", request, CasServer.Token);

    private static Task<Reapi.SpliceBlobResponse> SpliceAsync(CasServer server, Reapi.SpliceBlobRequest request) =>
        server.Channel.UnaryAsync<Reapi.SpliceBlobRequest, Reapi.SpliceBlobResponse>(Service + "SpliceBlob", request, CasServer.Token);

    private static async Task<byte[]> ContentAsync(CasServer server, IEnumerable<Reapi.Digest> chunks)
    {
        var content = new List<byte>();
        foreach (Reapi.Digest chunk in chunks)
            content.AddRange(await server.ReadAsync($"blobs/{chunk.Hash}/{chunk.SizeBytes}"));
        return [.. content];
    }
}
