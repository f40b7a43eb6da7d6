using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Cas.Services;
using RemoteExec.Rpc;
using RemoteExec.TestKit;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;

namespace RemoteExec.Conformance.Tests.Compression;

public sealed class CompressedBatchTests
{
    public static TheoryData<Compressor> Compressors => Compressed.Compressors;

    [Theory]
    [Rule("CAS-07")]
    [Rule("CAS-10")]
    [Rule("CAS-11")]
    [MemberData(nameof(Compressors))]
    public async Task Each_upload_is_unpacked_and_verified_by_itself(Compressor compressor)
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob good = Compressed.Blob(1, 10_000), other = Compressed.Blob(2, 10_000), shorter = Compressed.Blob(3, 9_999), longer = Compressed.Blob(4, 10_001);
        byte[] compressed = await Compressed.CompressAsync(compressor, good.Content);
        var request = new Reapi.BatchUpdateBlobsRequest();
        foreach (TestBlob blob in (TestBlob[])[good, other, shorter, longer])
            request.Requests.Add(new Reapi.BatchUpdateBlobsRequest.Types.Request { Digest = CasServer.Wire(blob), Compressor = compressor, Data = ByteString.CopyFrom(compressed) });

        Reapi.BatchUpdateBlobsResponse answer = await server.BatchUpdateAsync(request);

        Assert.Equal(
            [StatusCode.Ok, StatusCode.InvalidArgument, StatusCode.InvalidArgument, StatusCode.InvalidArgument],
            answer.Responses.Select(response => (StatusCode)response.Status.Code));
        Assert.Equal(good.Content, await server.Store.ReadAllAsync(good.Digest, 10_000, CasServer.Token));
        Assert.False(await server.HasAsync(other));
    }

    [Fact]
    [Rule("CAS-09")]
    public async Task The_limit_of_a_batch_counts_uncompressed_bytes()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Of(new byte[(int)new CasLimits().MaxBatchTotalBytes + 1]);
        var request = new Reapi.BatchUpdateBlobsRequest
        {
            Requests =
            {
                new Reapi.BatchUpdateBlobsRequest.Types.Request
                {
                    Digest = CasServer.Wire(blob), Compressor = Compressor.Zstd, Data = ByteString.CopyFrom(await Compressed.CompressAsync(Compressor.Zstd, blob.Content)),
                },
            },
        };

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.BatchUpdateAsync(request));
    }

    [Theory]
    [Rule("CAS-17")]
    [MemberData(nameof(Compressors))]
    public async Task A_read_is_compressed_where_that_is_acceptable_and_gains_something(Compressor compressor)
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob loose = await server.AddAsync(Compressed.Blob(1, 10_000)), dense = await server.AddAsync(TestBlob.Random(2, 10_000));
        var request = new Reapi.BatchReadBlobsRequest { Digests = { CasServer.Wire(loose), CasServer.Wire(dense) }, AcceptableCompressors = { compressor } };

        Reapi.BatchReadBlobsResponse answer = await server.BatchReadAsync(request);

        Assert.Equal([compressor, Compressor.Identity], answer.Responses.Select(response => response.Compressor));
        Assert.Equal(loose.Content, await Compressed.DecompressAsync(compressor, answer.Responses[0].Data.ToByteArray()));
        Assert.Equal(dense.Content, answer.Responses[1].Data.ToByteArray());
    }

    [Fact]
    [Rule("CAS-17")]
    public async Task Without_an_acceptable_compressor_a_read_is_not_compressed()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = await server.AddAsync(Compressed.Blob(1, 10_000));
        var request = new Reapi.BatchReadBlobsRequest { Digests = { CasServer.Wire(blob) }, AcceptableCompressors = { Compressor.Identity, (Compressor)77 } };

        Reapi.BatchReadBlobsResponse answer = await server.BatchReadAsync(request);

        Assert.Equal(Compressor.Identity, answer.Responses[0].Compressor);
        Assert.Equal(blob.Content, answer.Responses[0].Data.ToByteArray());
    }
}
