using System.Buffers;
using System.Collections;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.TestKit;

namespace RemoteExec.Conformance.Tests.Cas;

public sealed class FindMissingTests
{
    private static Reapi.FindMissingBlobsRequest Request(params IEnumerable<Reapi.Digest> digests) => new() { BlobDigests = { digests } };

    [Fact]
    [Rule("CAS-01")]
    public async Task Absent_digests_come_back_as_asked_in_order_and_once()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob there = await server.AddAsync(TestBlob.Random(1, 100));
        Reapi.Digest a = CasServer.Wire(TestBlob.Random(2, 100));
        Reapi.Digest b = CasServer.Wire(TestBlob.Random(3, 100));
        var resized = new Reapi.Digest { Hash = there.Digest.Hash, SizeBytes = 99 };

        Reapi.FindMissingBlobsResponse answer = await server.FindMissingAsync(Request(b, CasServer.Wire(there), a, b, resized, a));

        Assert.Equal([b, a, resized], answer.MissingBlobDigests);
    }

    [Fact]
    [Rule("CAS-01")]
    public async Task Nothing_is_missing_from_nothing()
    {
        await using CasServer server = await CasServer.StartAsync();

        Assert.Empty((await server.FindMissingAsync(Request())).MissingBlobDigests);
    }

    [Fact]
    [Rule("CAS-01")]
    [Rule("Q-15")]
    public async Task Ten_thousand_digests_are_answered_at_once()
    {
        await using CasServer server = await CasServer.StartAsync();
        Reapi.Digest[] digests = [.. Enumerable.Range(0, 10_000).Select(i => CasServer.Wire(TestBlob.Of(BitConverter.GetBytes(i))))];

        Assert.Equal(digests, (await server.FindMissingAsync(Request(digests))).MissingBlobDigests);
    }

    [Theory]
    [Rule("DIG-03")]
    [Rule("DIG-04")]
    [Rule("Q-09")]
    [InlineData("", Reapi.DigestFunction.Types.Value.Unknown)]
    [InlineData("main", Reapi.DigestFunction.Types.Value.Unknown)]
    [InlineData("", Reapi.DigestFunction.Types.Value.Sha256)]
    public async Task The_empty_blob_is_never_missing(string instance, Reapi.DigestFunction.Types.Value function)
    {
        await using CasServer server = await CasServer.StartAsync();
        Reapi.FindMissingBlobsRequest request = Request(new Reapi.Digest { Hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" });
        request.InstanceName = instance;
        request.DigestFunction = function;

        Assert.Empty((await server.FindMissingAsync(request)).MissingBlobDigests);
    }

    [Theory]
    [Rule("DIG-02")]
    [Rule("Q-09")]
    [InlineData("", 1)]
    [InlineData("x", 0)]
    public async Task Size_0_under_another_hash_and_another_size_under_the_empty_hash_are_absent(string content, long size)
    {
        await using CasServer server = await CasServer.StartAsync();
        var digest = new Reapi.Digest { Hash = TestBlob.Of(System.Text.Encoding.ASCII.GetBytes(content)).Digest.Hash, SizeBytes = size };

        Assert.Equal([digest], (await server.FindMissingAsync(Request(digest))).MissingBlobDigests);
    }

    [Theory]
    [Rule("DIG-01")]
    [Rule("DIG-02")]
    [Rule("DIG-08")]
    [Rule("DIG-09")]
    [InlineData("E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", 0, 0)]
    [InlineData("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85", 0, 0)]
    [InlineData("z3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 0, 0)]
    [InlineData("", 0, 0)]
    [InlineData("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", -1, 0)]
    [InlineData("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 0, 3)]
    [InlineData("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 0, 7)]
    [InlineData("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 0, 99)]
    public async Task A_malformed_digest_or_function_is_INVALID_ARGUMENT(string hash, long size, int function)
    {
        await using CasServer server = await CasServer.StartAsync();
        Reapi.FindMissingBlobsRequest request = Request(new Reapi.Digest { Hash = hash, SizeBytes = size });
        request.DigestFunction = (Reapi.DigestFunction.Types.Value)function;

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.FindMissingAsync(request));
    }

    [Fact]
    [Rule("DIG-10")]
    public async Task Hashes_of_different_lengths_are_INVALID_ARGUMENT()
    {
        await using CasServer server = await CasServer.StartAsync();
        Reapi.FindMissingBlobsRequest request = Request(
            CasServer.Wire(TestBlob.Random(1, 10)), CasServer.Wire(TestBlob.Random(1, 10, function: DigestFunction.Sha1)));

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.FindMissingAsync(request));
    }

    [Theory]
    [Rule("GEN-04")]
    [InlineData("blobs")]
    [InlineData("a/uploads/b")]
    [InlineData("actionResults")]
    [InlineData("/a")]
    [InlineData("a//b")]
    public async Task A_reserved_or_malformed_instance_is_INVALID_ARGUMENT(string instance)
    {
        await using CasServer server = await CasServer.StartAsync();

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.FindMissingAsync(new Reapi.FindMissingBlobsRequest { InstanceName = instance }));
    }

    [Fact]
    [Rule("GEN-03")]
    [Rule("GEN-05")]
    [Rule("DIG-15")]
    public async Task A_blob_is_present_in_its_instance_and_under_its_function_alone()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = await server.AddAsync(TestBlob.Random(4, 100, "a/b"));
        Reapi.FindMissingBlobsRequest request = Request(CasServer.Wire(blob));

        foreach ((string instance, int missing) in new[] { ("a/b", 0), ("a", 1), ("", 1), ("a/b/c", 1) })
        {
            request.InstanceName = instance;
            Assert.Equal(missing, (await server.FindMissingAsync(request)).MissingBlobDigests.Count);
        }
    }

    [Fact]
    [Rule("CAS-02")]
    [Rule("CAS-05")]
    [Rule("Q-05")]
    public async Task A_present_blob_that_is_asked_for_lives_longer()
    {
        await using CasServer server = await CasServer.StartOverAsync(new EmptyBlobStore(new VerifyingStore(new MemoryStore(300))));
        TestBlob leased = await server.AddAsync(TestBlob.Random(5, 100));
        TestBlob other = await server.AddAsync(TestBlob.Random(6, 100));
        await server.AddAsync(TestBlob.Random(7, 100));

        await server.FindMissingAsync(Request(CasServer.Wire(leased)));
        await server.AddAsync(TestBlob.Random(8, 100));

        Assert.Equal([CasServer.Wire(other)], (await server.FindMissingAsync(Request(CasServer.Wire(leased), CasServer.Wire(other)))).MissingBlobDigests);
    }

    [Fact]
    [Rule("CAS-03")]
    public async Task A_failing_store_is_UNAVAILABLE_and_no_guess()
    {
        FaultyStore faulty = null!;
        await using CasServer server = await CasServer.StartAsync(wrap: media => faulty = new FaultyStore(media));
        faulty.Fail(StoreOperation.FindMissing, () => new StoreUnavailableException("disk", new IOException("no")));

        await CasServer.AssertRefusedAsync(StatusCode.Unavailable, server.FindMissingAsync(Request(CasServer.Wire(TestBlob.Random(9, 100)))));
    }

    [Fact]
    [Rule("CAS-04")]
    public async Task A_blob_that_is_being_written_is_absent()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Random(10, 100);
        await using BlobWriter writer = await server.Store.OpenWriteAsync(blob.Digest, 100, CasServer.Token);
        await writer.WriteAsync(new(blob.Content), CasServer.Token);

        Assert.Single((await server.FindMissingAsync(Request(CasServer.Wire(blob)))).MissingBlobDigests);
        await writer.CommitAsync(CasServer.Token);
        Assert.Empty((await server.FindMissingAsync(Request(CasServer.Wire(blob)))).MissingBlobDigests);
    }

    [Fact]
    [Rule("CAS-01")]
    public async Task A_store_may_answer_with_what_it_was_asked()
    {
        await using CasServer server = await CasServer.StartOverAsync(new EchoingStore());
        Reapi.Digest[] digests = [.. Enumerable.Range(0, 100).Select(i => CasServer.Wire(TestBlob.Of(BitConverter.GetBytes(i))))];

        Assert.Equal(digests, (await server.FindMissingAsync(Request(digests))).MissingBlobDigests);
    }

    /// <summary>Has nothing, and looks at what it was asked as late as it can: when the memory of the question, were it given back by then, is somebody else's.</summary>
    private sealed class EchoingStore : IBlobStore
    {
        public ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken) =>
            ValueTask.FromResult<IReadOnlyCollection<Digest>>(new Echo(digests));

        public ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken) => ValueTask.FromResult<BlobReader?>(null);

        public ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken) => throw new NotSupportedException();

        private sealed class Echo(IReadOnlyCollection<Digest> digests) : IReadOnlyCollection<Digest>
        {
            public int Count => digests.Count;

            public IEnumerator<Digest> GetEnumerator()
            {
                Digest other = TestBlob.Random(11, 100).Digest;
                Digest[] memory = ArrayPool<Digest>.Shared.Rent(digests.Count);
                Array.Fill(memory, other);
                ArrayPool<Digest>.Shared.Return(memory);
                return digests.GetEnumerator();
            }

            IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
        }
    }
}
