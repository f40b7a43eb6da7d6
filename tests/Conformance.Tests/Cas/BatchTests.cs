using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Services;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.TestKit;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;
using Read = Build.Bazel.Remote.Execution.V2.BatchReadBlobsResponse.Types.Response;
using Update = Build.Bazel.Remote.Execution.V2.BatchUpdateBlobsRequest.Types.Request;

namespace RemoteExec.Conformance.Tests.Cas;

public sealed class BatchTests
{
    private static Update Upload(TestBlob blob, byte[]? content = null, Reapi.Digest? digest = null) =>
        new() { Digest = digest ?? CasServer.Wire(blob), Data = ByteString.CopyFrom(content ?? blob.Content) };

    private static Reapi.BatchUpdateBlobsRequest Uploads(params IEnumerable<Update> uploads) => new() { Requests = { uploads } };

    private static Reapi.BatchReadBlobsRequest Reads(params IEnumerable<Reapi.Digest> digests) => new() { Digests = { digests } };

    private static StatusCode[] Codes(Reapi.BatchUpdateBlobsResponse answer) => [.. answer.Responses.Select(response => (StatusCode)response.Status.Code)];

    [Theory]
    [Rule("CAS-06")]
    [Rule("Q-74")]
    [InlineData("", DigestFunction.Sha256)]
    [InlineData("a/b", DigestFunction.Sha1)]
    [InlineData("", DigestFunction.Sha512)]
    public async Task Blobs_that_were_uploaded_are_read_back(string instance, DigestFunction function)
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob[] blobs = [.. Enumerable.Range(0, 200).Select(i => TestBlob.Random(i, i * 10, instance, function))];
        Reapi.BatchUpdateBlobsRequest upload = Uploads(blobs.Select(blob => Upload(blob)));
        upload.InstanceName = instance;
        Reapi.BatchReadBlobsRequest read = Reads(blobs.Select(CasServer.Wire));
        read.InstanceName = instance;

        Reapi.BatchUpdateBlobsResponse stored = await server.BatchUpdateAsync(upload);
        Reapi.BatchReadBlobsResponse answer = await server.BatchReadAsync(read);

        Assert.Equal(blobs.Select(CasServer.Wire), stored.Responses.Select(response => response.Digest));
        Assert.All(Codes(stored), code => Assert.Equal(StatusCode.Ok, code));
        Assert.Equal(
            blobs.Select(blob => new Read { Digest = CasServer.Wire(blob), Data = ByteString.CopyFrom(blob.Content), Status = new Google.Rpc.Status() }),
            answer.Responses);
    }

    [Fact]
    [Rule("CAS-06")]
    [Rule("CAS-07")]
    [Rule("CAS-11")]
    [Rule("CAS-14")]
    [Rule("DIG-01")]
    [Rule("DIG-02")]
    [Rule("GEN-06")]
    public async Task Each_upload_succeeds_or_fails_by_itself()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob good = TestBlob.Random(1, 100);
        TestBlob bad = TestBlob.Random(2, 100);
        TestBlob alsoGood = TestBlob.Random(3, 0);
        Update[] uploads =
        [
            Upload(good),
            Upload(bad, TestBlob.Random(4, 100).Content),
            Upload(bad, bad.Content[1..]),
            Upload(bad, digest: new Reapi.Digest { Hash = bad.Digest.Hash, SizeBytes = 99 }),
            Upload(bad, [], digest: new Reapi.Digest { Hash = bad.Digest.Hash, SizeBytes = 0 }),
            Upload(bad, digest: new Reapi.Digest { Hash = bad.Digest.Hash, SizeBytes = -100 }),
            Upload(bad, digest: new Reapi.Digest { Hash = bad.Digest.Hash.ToUpperInvariant(), SizeBytes = 100 }),
            Upload(bad, digest: new Reapi.Digest { Hash = "abc", SizeBytes = 100 }),
            new Update { Data = ByteString.CopyFrom(bad.Content) },
            Upload(alsoGood),
        ];

        Reapi.BatchUpdateBlobsResponse answer = await server.BatchUpdateAsync(Uploads(uploads));

        Assert.Equal(uploads.Select(upload => upload.Digest), answer.Responses.Select(response => response.Digest));
        StatusCode[] codes = Codes(answer);
        Assert.Equal(StatusCode.Ok, codes[0]);
        Assert.Equal(StatusCode.Ok, codes[^1]);
        Assert.All(answer.Responses.Skip(1).SkipLast(1), response =>
        {
            Assert.Equal(StatusCode.InvalidArgument, (StatusCode)response.Status.Code);
            Assert.NotEmpty(response.Status.Message);
        });
        Assert.True(await server.HasAsync(good));
        Assert.False(await server.HasAsync(bad));
    }

    [Fact]
    [Rule("CAS-08")]
    public async Task No_room_is_told_for_each_blob()
    {
        FaultyStore faulty = null!;
        await using CasServer server = await CasServer.StartAsync(wrap: media => faulty = new FaultyStore(media));
        TestBlob[] blobs = [.. Enumerable.Range(0, 3).Select(i => TestBlob.Random(i, 100))];
        faulty.Before = (operation, digest) => (operation, digest == blobs[0].Digest, digest == blobs[1].Digest) switch
        {
            (StoreOperation.OpenWrite, true, _) => throw new StoreFullException("disk", 100, "make room"),
            (StoreOperation.Commit, _, true) => throw new StoreUnavailableException("disk", new IOException("no")),
            _ => default,
        };

        Reapi.BatchUpdateBlobsResponse answer = await server.BatchUpdateAsync(Uploads(blobs.Select(blob => Upload(blob))));

        Assert.Equal([StatusCode.ResourceExhausted, StatusCode.Unavailable, StatusCode.Ok], Codes(answer));
    }

    [Fact]
    [Rule("CAS-09")]
    [Rule("CAS-15")]
    public async Task A_batch_over_the_limit_is_INVALID_ARGUMENT_as_a_whole()
    {
        await using CasServer server = await CasServer.StartAsync(new CasLimits { MaxBatchTotalBytes = 1000 });
        TestBlob a = TestBlob.Random(1, 500);
        TestBlob b = TestBlob.Random(2, 500);
        TestBlob c = TestBlob.Random(3, 501);

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.BatchUpdateAsync(Uploads(Upload(a), Upload(c))));
        Assert.False(await server.HasAsync(a));
        Assert.Equal([StatusCode.Ok, StatusCode.Ok], Codes(await server.BatchUpdateAsync(Uploads(Upload(a), Upload(b)))));
        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.BatchReadAsync(Reads(CasServer.Wire(a), CasServer.Wire(c))));
        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.BatchReadAsync(Reads(
            new Reapi.Digest { Hash = a.Digest.Hash, SizeBytes = long.MaxValue }, new Reapi.Digest { Hash = b.Digest.Hash, SizeBytes = long.MaxValue })));
        Assert.Equal(2, (await server.BatchReadAsync(Reads(CasServer.Wire(a), CasServer.Wire(b)))).Responses.Count);
    }

    [Theory]
    [Rule("CAS-09")]
    [Rule("Q-41")]
    [InlineData(1)]
    [InlineData(3000)]
    public async Task A_full_batch_passes_the_transports_both_ways(int count)
    {
        await using CasServer server = await CasServer.StartAsync();
        int length = (int)new CasLimits().MaxBatchTotalBytes / count;
        TestBlob[] blobs = [.. Enumerable.Range(0, count).Select(i => TestBlob.Random(i, length))];

        Reapi.BatchUpdateBlobsResponse stored = await server.BatchUpdateAsync(Uploads(blobs.Select(blob => Upload(blob))));
        Reapi.BatchReadBlobsResponse answer = await server.BatchReadAsync(Reads(blobs.Select(CasServer.Wire)));

        Assert.All(Codes(stored), code => Assert.Equal(StatusCode.Ok, code));
        Assert.All(answer.Responses, response => Assert.Equal(length, response.Data.Length));
        Assert.InRange(answer.CalculateSize(), 0, 4 * 1024 * 1024);
    }

    [Fact]
    [Rule("CAS-10")]
    public async Task Data_that_is_not_compressed_as_it_says_is_INVALID_ARGUMENT_for_its_blob()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Random(1, 100);
        Update[] uploads = [.. ((Compressor[])[Compressor.Zstd, Compressor.Deflate, Compressor.Brotli, (Compressor)77, Compressor.Identity])
            .Select(compressor => { Update upload = Upload(blob); upload.Compressor = compressor; return upload; })];

        Reapi.BatchUpdateBlobsResponse answer = await server.BatchUpdateAsync(Uploads(uploads));

        Assert.Equal([.. Enumerable.Repeat(StatusCode.InvalidArgument, 4), StatusCode.Ok], Codes(answer));
    }

    [Fact]
    [Rule("CAS-12")]
    public async Task A_blob_over_the_limit_is_INVALID_ARGUMENT()
    {
        await using CasServer server = await CasServer.StartAsync(new CasLimits { MaxBlobBytes = 100 });

        Reapi.BatchUpdateBlobsResponse answer = await server.BatchUpdateAsync(Uploads(Upload(TestBlob.Random(1, 101)), Upload(TestBlob.Random(2, 100))));

        Assert.Equal([StatusCode.InvalidArgument, StatusCode.Ok], Codes(answer));
    }

    [Fact]
    [Rule("CAS-13")]
    public async Task Uploading_again_and_twice_at_once_is_OK_and_counts_as_a_use()
    {
        await using CasServer server = await CasServer.StartOverAsync(new EmptyBlobStore(new VerifyingStore(new MemoryStore(300))));
        TestBlob again = await server.AddAsync(TestBlob.Random(1, 100));
        TestBlob other = await server.AddAsync(TestBlob.Random(2, 100));
        await server.AddAsync(TestBlob.Random(3, 100));

        Reapi.BatchUpdateBlobsResponse answer = await server.BatchUpdateAsync(Uploads(Upload(again), Upload(again)));
        await server.AddAsync(TestBlob.Random(4, 100));

        Assert.Equal([StatusCode.Ok, StatusCode.Ok], Codes(answer));
        Assert.True(await server.HasAsync(again));
        Assert.False(await server.HasAsync(other));
    }

    [Fact]
    [Rule("DIG-03")]
    [Rule("Q-09")]
    public async Task The_empty_blob_is_uploaded_and_read_like_any_other()
    {
        await using CasServer server = await CasServer.StartAsync();
        Reapi.Digest empty = CasServer.Wire(TestBlob.Of([]));

        Reapi.BatchReadBlobsResponse answer = await server.BatchReadAsync(Reads(empty));
        Reapi.BatchUpdateBlobsResponse stored = await server.BatchUpdateAsync(Uploads(new Update { Digest = empty }));

        Assert.Equal([new Read { Digest = empty, Status = new Google.Rpc.Status() }], answer.Responses);
        Assert.Equal([StatusCode.Ok], Codes(stored));
    }

    [Fact]
    [Rule("CAS-16")]
    [Rule("CAS-17")]
    [Rule("CAS-18")]
    [Rule("DIG-01")]
    public async Task Each_read_is_answered_in_order_duplicates_too()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = await server.AddAsync(TestBlob.Random(1, 100));
        Reapi.Digest absent = CasServer.Wire(TestBlob.Random(2, 100));
        var resized = new Reapi.Digest { Hash = blob.Digest.Hash, SizeBytes = 99 };
        var malformed = new Reapi.Digest { Hash = "xyz", SizeBytes = 3 };
        Reapi.BatchReadBlobsRequest request = Reads(absent, CasServer.Wire(blob), malformed, resized, CasServer.Wire(blob), absent);
        request.AcceptableCompressors.Add([Compressor.Zstd, Compressor.Identity]);

        Reapi.BatchReadBlobsResponse answer = await server.BatchReadAsync(request);

        Assert.Equal(request.Digests, answer.Responses.Select(response => response.Digest));
        Assert.Equal(
            [StatusCode.NotFound, StatusCode.Ok, StatusCode.InvalidArgument, StatusCode.NotFound, StatusCode.Ok, StatusCode.NotFound],
            answer.Responses.Select(response => (StatusCode)response.Status.Code));
        Assert.Equal([0, 100, 0, 0, 100, 0], answer.Responses.Select(response => response.Data.Length));
        Assert.All(answer.Responses, response => Assert.Equal(Compressor.Identity, response.Compressor));
    }

    [Fact]
    [Rule("CAS-19")]
    public async Task A_read_counts_as_a_use()
    {
        await using CasServer server = await CasServer.StartOverAsync(new EmptyBlobStore(new VerifyingStore(new MemoryStore(300))));
        TestBlob read = await server.AddAsync(TestBlob.Random(1, 100));
        TestBlob other = await server.AddAsync(TestBlob.Random(2, 100));
        await server.AddAsync(TestBlob.Random(3, 100));

        await server.BatchReadAsync(Reads(CasServer.Wire(read)));
        await server.AddAsync(TestBlob.Random(4, 100));

        Assert.True(await server.HasAsync(read));
        Assert.False(await server.HasAsync(other));
    }

    [Fact]
    [Rule("CAS-16")]
    public async Task A_store_that_fails_is_told_for_the_blob_it_fails_for()
    {
        FaultyStore faulty = null!;
        await using CasServer server = await CasServer.StartAsync(wrap: media => faulty = new FaultyStore(media));
        TestBlob[] blobs = [await server.AddAsync(TestBlob.Random(1, 100)), await server.AddAsync(TestBlob.Random(2, 100)), await server.AddAsync(TestBlob.Random(3, 100))];
        faulty.Before = (operation, digest) => (operation, digest == blobs[0].Digest, digest == blobs[1].Digest) switch
        {
            (StoreOperation.OpenRead, true, _) => throw new StoreUnavailableException("disk", new IOException("no")),
            (StoreOperation.Read, _, true) => throw new BlobCorruptException(blobs[1].Digest),
            _ => default,
        };

        Reapi.BatchReadBlobsResponse answer = await server.BatchReadAsync(Reads(blobs.Select(CasServer.Wire)));

        Assert.Equal([StatusCode.Unavailable, StatusCode.Internal, StatusCode.Ok], answer.Responses.Select(response => (StatusCode)response.Status.Code));
    }

    [Fact]
    [Rule("DIG-09")]
    [Rule("DIG-10")]
    public async Task A_request_uses_one_function_and_a_supported_one()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob sha256 = TestBlob.Random(1, 100);
        TestBlob sha1 = TestBlob.Random(1, 100, function: DigestFunction.Sha1);
        Reapi.BatchUpdateBlobsRequest vso = Uploads(Upload(sha256));
        vso.DigestFunction = Reapi.DigestFunction.Types.Value.Vso;

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.BatchUpdateAsync(Uploads(Upload(sha256), Upload(sha1))));
        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.BatchReadAsync(Reads(CasServer.Wire(sha256), CasServer.Wire(sha1))));
        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.BatchUpdateAsync(vso));
    }
}
