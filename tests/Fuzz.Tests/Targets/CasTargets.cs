using System.Buffers;
using Build.Bazel.Remote.Execution.V2;
using Google.Bytestream;
using Google.Protobuf;
using RemoteExec.ActionCache.Services;
using RemoteExec.Cas;
using RemoteExec.Cas.Chunking;
using RemoteExec.Cas.Compression;
using RemoteExec.Cas.Frames;
using RemoteExec.Cas.Services;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.TestKit;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;
using Digest = RemoteExec.Protocol.Digest;
using DigestFunction = RemoteExec.Protocol.DigestFunction;

namespace RemoteExec.Fuzz.Tests.Targets;

/// <summary>Requests that are taken apart by hand, beside the generated parsers; compressed data; recipes.</summary>
internal static class CasTargets
{
    private const int ContentBytes = 3000;
    private static readonly TestBlob blob = TestBlob.Of([.. Enumerable.Range(0, ContentBytes).Select(i => (byte)(i % 7 * (i / 500)))]);
    private static readonly Reapi.Digest proto = blob.Digest.ToProto();

    private static readonly TestBlob[] parts = [TestBlob.Of(blob.Content[..1000]), TestBlob.Of(blob.Content[1000..])];

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("write-request",
            [new WriteRequest { ResourceName = "uploads/id/blobs/x/1", WriteOffset = 5, FinishWrite = true, Data = ByteString.CopyFromUtf8("data") }.ToByteArray(), []], CompareWriteRequest),
        new("read-response", [new ReadResponse { Data = ByteString.CopyFromUtf8("data") }.ToByteArray(), []], bytes =>
        {
            ReadResponse? expected = FuzzTargets.Message(ReadResponse.Parser, bytes);
            if (ReadResponseFrame.TryParse(SplitSequence.Of(bytes, 1, 5, 2), out ReadOnlySequence<byte> data))
                Assert.Equal(expected!.Data.ToByteArray(), data.ToArray());
        }),
        new("find-missing", [
            new FindMissingBlobsRequest { InstanceName = "main", BlobDigests = { proto, proto } }.ToByteArray(),
            new FindMissingBlobsRequest { BlobDigests = { proto }, DigestFunction = Reapi.DigestFunction.Types.Value.Sha256 }.ToByteArray()], CompareFindMissing, typeof(RpcException)),
        new("batch-read", [
            new BatchReadBlobsRequest { InstanceName = "main", Digests = { proto, proto }, AcceptableCompressors = { Compressor.Zstd } }.ToByteArray(),
            new BatchReadBlobsRequest { Digests = { proto }, DigestFunction = Reapi.DigestFunction.Types.Value.Sha256 }.ToByteArray()], CompareBatchRead, typeof(RpcException)),
        new("get-action-result", [
            new GetActionResultRequest { InstanceName = "main", ActionDigest = proto, InlineStdout = true, DigestFunction = Reapi.DigestFunction.Types.Value.Sha256 }.ToByteArray(),
            new GetActionResultRequest { ActionDigest = proto, InlineOutputFiles = { "a" } }.ToByteArray()], CompareActionResultQuery, typeof(RpcException)),
        new("splice", [new SpliceBlobRequest { BlobDigest = proto, ChunkDigests = { parts.Select(part => part.Digest.ToProto()) } }.ToByteArray()], Splice, typeof(RpcException), typeof(CasException)),
        Decompression("zstd", Compressor.Zstd),
        Decompression("deflate", Compressor.Deflate),
        Decompression("brotli", Compressor.Brotli),
        new("recipe", [new Recipe(ChunkingFunction(), [blob.Digest, blob.Digest]).Encode()], bytes =>
        {
            if (Recipe.TryDecode(blob.Digest.WithoutSize(), bytes) is { } recipe)
                Assert.Equal(bytes, recipe.Encode());
        }),
    ];

    private static Reapi.ChunkingFunction.Types.Value ChunkingFunction() => Reapi.ChunkingFunction.Types.Value.FastCdc2020;

    private static FuzzTarget Decompression(string name, Compressor compressor) => new(
        name, [FuzzTargets.Now(BlobCompression.CompressAsync(compressor, blob.Content, CancellationToken.None))],
        bytes => Assert.Equal(ContentBytes, FuzzTargets.Now(BlobCompression.DecompressAsync(compressor, bytes, ContentBytes, CancellationToken.None)).Length), typeof(InvalidDataException));

    private static void CompareWriteRequest(byte[] bytes)
    {
        WriteRequest? expected = FuzzTargets.Message(WriteRequest.Parser, bytes);
        if (!WriteRequestFrame.TryParse(SplitSequence.Of(bytes, 1, 5, 2), out WriteRequestFrame frame) || !frame.TryGetResourceName(out string name))
            return;
        Assert.NotNull(expected);
        Assert.Equal(expected.ResourceName, name);
        Assert.Equal(expected.WriteOffset, frame.WriteOffset);
        Assert.Equal(expected.FinishWrite, frame.FinishWrite);
        Assert.Equal(expected.Data.ToByteArray(), frame.Data.ToArray());
    }

    private static void CompareFindMissing(byte[] bytes)
    {
        FindMissingBlobsRequest? expected = FuzzTargets.Message(FindMissingBlobsRequest.Parser, bytes);
        if (expected is null)
        {
            Assert.ThrowsAny<Exception>(() => FindMissingHandler.Parse(bytes).Dispose());
            return;
        }

        using DigestBatch batch = FindMissingHandler.Parse(bytes);
        AssertSame(expected.InstanceName, expected.BlobDigests, batch);
    }

    private static void CompareBatchRead(byte[] bytes)
    {
        BatchReadBlobsRequest? expected = FuzzTargets.Message(BatchReadBlobsRequest.Parser, bytes);
        if (expected is null)
        {
            Assert.ThrowsAny<Exception>(() => BatchReadRequest.Parse(bytes).Dispose());
            return;
        }

        using BatchReadRequest request = BatchReadRequest.Parse(bytes);
        Assert.Equal(expected.AcceptableCompressors, request.Acceptable);
        Assert.Equal(expected.Digests.Count, request.Digests.Count);
        for (int i = 0; i < expected.Digests.Count; i++)
        {
            if (!request.Malformed.ContainsKey(i))
                AssertSame(expected.InstanceName, expected.Digests[i], request.Digests.All[i]);
        }
    }

    private static void CompareActionResultQuery(byte[] bytes)
    {
        GetActionResultRequest? expected = FuzzTargets.Message(GetActionResultRequest.Parser, bytes);
        if (expected is null)
        {
            Assert.ThrowsAny<Exception>(() => ActionResultQuery.Parse(bytes));
            return;
        }

        ActionResultQuery query = ActionResultQuery.Parse(bytes);
        AssertSame(expected.InstanceName, expected.ActionDigest, query.Action);
        Assert.Equal((expected.InlineStdout, expected.InlineStderr), (query.Inline.Stdout, query.Inline.Stderr));
        Assert.Equal(expected.InlineOutputFiles, query.Inline.OutputFiles);
    }

    private static void AssertSame(string instance, IReadOnlyList<Reapi.Digest> expected, DigestBatch batch)
    {
        Assert.Equal(expected.Count, batch.Count);
        for (int i = 0; i < expected.Count; i++)
            AssertSame(instance, expected[i], batch.All[i]);
    }

    private static void AssertSame(string instance, Reapi.Digest expected, Digest digest)
    {
        Assert.Equal(instance, digest.Instance.Value);
        Assert.Equal((expected.Hash, expected.SizeBytes), (Convert.ToHexStringLower(digest.HashSpan), digest.SizeBytes));
    }

    private static void Splice(byte[] bytes)
    {
        if (FuzzTargets.Message(SpliceBlobRequest.Parser, bytes) is not { } request)
            return;
        InstanceName instance = RequestArguments.Instance(request.InstanceName);
        DigestFunction function = RequestArguments.CommonFunction(request.DigestFunction, request.ChunkDigests.Prepend(request.BlobDigest));
        Digest Parse(Reapi.Digest digest) => RequestArguments.Digest(instance, (Reapi.DigestFunction.Types.Value)function, digest, "digest");
        var store = new MemoryStore(1 << 20);
        foreach (TestBlob part in parts)
            Assert.True(store.WriteAllAsync(part.Digest, part.Content, CancellationToken.None).IsCompletedSuccessfully);
        ValueTask splicing = new BlobChunks(store, null).SpliceAsync(Parse(request.BlobDigest), [.. request.ChunkDigests.Select(Parse)], CancellationToken.None);
        Assert.True(splicing.IsCompleted);
        splicing.GetAwaiter().GetResult();
    }
}
