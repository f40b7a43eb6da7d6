using Google.Protobuf;
using RemoteExec.Cas.Builds;
using RemoteExec.Cas.Chunking;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Compression;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Server;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;

namespace RemoteExec.Cas.Services;

/// <summary>The content addressable storage's unary calls and GetTree. Blobs are verified by the store that is passed in, not here.</summary>
/// <param name="cas">The blobs; verifying.</param>
/// <param name="chunked">The store below that keeps of which chunks blobs are made; null if it can't, and blobs are copied.</param>
/// <param name="limits">What a client may ask for.</param>
/// <param name="observer">Is told what was carried; null for nobody.</param>
/// <param name="access">Knows who may read and write; null for everybody.</param>
public sealed class CasService(IBlobStore cas, ChunkedStore? chunked, CasLimits limits, ICallObserver? observer = null, AccessGuard? access = null)
{
    private const int ConcurrentBlobs = 64;
    private const int DecodingBytes = 9 * 1024 * 1024; // the window that a frame may ask for

    private readonly ICallObserver observer = observer ?? ICallObserver.None;
    private readonly AccessGuard access = access ?? AccessGuard.Off;
    private readonly IBlobStore cas = Guard(cas, access);
    private readonly FindMissingHandler findMissing = new(Guard(cas, access), observer ?? ICallObserver.None);
    private readonly BatchReadHandler batchRead = new(Guard(cas, access), limits, observer ?? ICallObserver.None);
    private readonly BlobChunks chunks = new(cas, chunked); // what it reads and writes for itself is no business of callers: they are asked about before

    /// <summary>The service's methods.</summary>
    public RpcService ToRpcService() => new RpcService(Reapi.RemoteExecutionReflection.Descriptor, "ContentAddressableStorage", CasErrors.ToStatus)
        .Unary("FindMissingBlobs", FindMissingHandler.Parse, findMissing.ServeAsync)
        .Unary<Reapi.BatchUpdateBlobsRequest, Reapi.BatchUpdateBlobsResponse>("BatchUpdateBlobs", BatchUpdateAsync)
        .Unary("BatchReadBlobs", BatchReadRequest.Parse, batchRead.ServeAsync)
        .ServerStream<Reapi.GetTreeRequest, Reapi.GetTreeResponse>("GetTree", GetTreeAsync)
        .Unary<Reapi.SplitBlobRequest, Reapi.SplitBlobResponse>("SplitBlob", SplitAsync)
        .Unary<Reapi.SpliceBlobRequest, Reapi.SpliceBlobResponse>("SpliceBlob", SpliceAsync);

    private async Task<Reapi.BatchUpdateBlobsResponse> BatchUpdateAsync(Reapi.BatchUpdateBlobsRequest request, RpcCall call)
    {
        InstanceName instance = RequestArguments.Instance(request.InstanceName);
        access.Check(Right.WriteCas, instance);
        DigestFunction function = RequestArguments.CommonFunction(request.DigestFunction, request.Requests.Select(blob => blob.Digest));
        limits.CheckBatch(request.Requests.Select(blob => Math.Max(blob.Data.Length, blob.Compressor == Compressor.Identity ? 0 : blob.Digest?.SizeBytes ?? 0)));

        if (request.Requests.Any(blob => blob.Compressor != Compressor.Identity))
            await call.ReserveAsync(limits.MaxBatchTotalBytes + DecodingBytes);
        var answer = new Reapi.BatchUpdateBlobsResponse();
        foreach (Reapi.BatchUpdateBlobsRequest.Types.Request[] some in request.Requests.Chunk(ConcurrentBlobs))
        {
            answer.Responses.Add(await Task.WhenAll(some.Select(async blob => new Reapi.BatchUpdateBlobsResponse.Types.Response
            {
                Digest = blob.Digest,
                Status = await StatusOfAsync(() => UpdateAsync(instance, function, blob, call.CancellationToken)),
            })));
        }

        // Of blobs that were refused nothing is told: there is no name for them that is known to be good.
        if (observer.Wants(call) && request.Requests.Select((blob, i) => answer.Responses[i].Status.Code == 0 ? i : -1).FirstOrDefault(i => i >= 0, -1) is var good and >= 0)
        {
            observer.ObserveBlobs(
                call, CallKind.Written, RequestArguments.Digest(instance, (Reapi.DigestFunction.Types.Value)function, request.Requests[good].Digest, "digest"),
                answer.Responses.Count(response => response.Status.Code == 0),
                request.Requests.Where((_, i) => answer.Responses[i].Status.Code == 0).Sum(blob => blob.Digest.SizeBytes));
        }

        return answer;
    }

    private async Task UpdateAsync(
        InstanceName instance, DigestFunction function, Reapi.BatchUpdateBlobsRequest.Types.Request blob, CancellationToken cancellationToken)
    {
        Digest digest = RequestArguments.Digest(instance, (Reapi.DigestFunction.Types.Value)function, blob.Digest, "digest");
        RequestArguments.CheckCompressor(blob.Compressor, Compressor.Identity);
        if (blob.Compressor == Compressor.Identity && blob.Data.Length != digest.SizeBytes)
            throw RequestArguments.Invalid($"{digest} came with {blob.Data.Length} bytes of data");
        limits.CheckBlob(digest);
        if (!await cas.ContainsAsync(digest, cancellationToken))
            await cas.WriteAllAsync(digest, await DecompressAsync(digest, blob, cancellationToken), cancellationToken);
    }

    private async ValueTask<ReadOnlyMemory<byte>> DecompressAsync(
        Digest digest, Reapi.BatchUpdateBlobsRequest.Types.Request blob, CancellationToken cancellationToken)
    {
        if (blob.Compressor == Compressor.Identity)
            return blob.Data.Memory;
        try
        {
            return await BlobCompression.DecompressAsync(blob.Compressor, blob.Data.Memory, (int)digest.SizeBytes, cancellationToken);
        }
        catch (Exception exception) when (exception is InvalidDataException or InvalidOperationException)
        {
            throw RequestArguments.Invalid($"{digest} came with data that is not compressed as it says, or is damaged: {exception.Message}");
        }
    }

    private async Task GetTreeAsync(Reapi.GetTreeRequest request, RpcResponseStream<Reapi.GetTreeResponse> responses, RpcCall call)
    {
        InstanceName instance = RequestArguments.Instance(request.InstanceName);
        Digest root = RequestArguments.Digest(instance, request.DigestFunction, request.RootDigest, "root_digest");
        if (request.PageSize < 0)
            throw RequestArguments.Invalid($"page_size is negative: {request.PageSize}");
        var pages = new TreePages(cas, limits, call.ReserveAsync);
        await foreach (Reapi.GetTreeResponse page in pages.ReadAsync(root, request.PageSize, request.PageToken, call.CancellationToken))
            await responses.WriteAsync(page);
    }

    private async Task<Reapi.SplitBlobResponse> SplitAsync(Reapi.SplitBlobRequest request, RpcCall call)
    {
        InstanceName instance = RequestArguments.Instance(request.InstanceName);
        access.Check(Right.ReadCas, instance);
        Digest digest = RequestArguments.Digest(instance, request.DigestFunction, request.BlobDigest, "blob_digest");
        Recipe recipe = await chunks.SplitAsync(digest, request.ChunkingFunction, call.CancellationToken) ?? throw new BlobsMissingException([digest]);
        var answer = new Reapi.SplitBlobResponse { ChunkingFunction = recipe.Function };
        answer.ChunkDigests.Add(recipe.Chunks.Select(chunk => chunk.ToProto()));
        return answer;
    }

    private async Task<Reapi.SpliceBlobResponse> SpliceAsync(Reapi.SpliceBlobRequest request, RpcCall call)
    {
        InstanceName instance = RequestArguments.Instance(request.InstanceName);
        access.Check(Right.WriteCas, instance);
        DigestFunction function = RequestArguments.CommonFunction(request.DigestFunction, request.ChunkDigests.Prepend(request.BlobDigest));
        Digest Parse(Reapi.Digest digest, string field) => RequestArguments.Digest(instance, (Reapi.DigestFunction.Types.Value)function, digest, field);
        Digest blob = Parse(request.BlobDigest, "blob_digest");
        limits.CheckBlob(blob);
        await chunks.SpliceAsync(blob, [.. request.ChunkDigests.Select(chunk => Parse(chunk, "chunk_digests"))], call.CancellationToken);
        return new Reapi.SpliceBlobResponse { BlobDigest = blob.ToProto() };
    }

    private static IBlobStore Guard(IBlobStore cas, AccessGuard? access) => access is { IsOn: true } ? new GuardedStore(cas, access) : cas;

    private static async Task<Google.Rpc.Status> StatusOfAsync(Func<Task> serveBlob)
    {
        RpcStatus status = RpcStatus.Ok;
        try
        {
            await serveBlob();
        }
        catch (RpcException exception)
        {
            status = exception.Status;
        }
        catch (Exception exception) when (CasErrors.ToStatus(exception) is { } known)
        {
            status = known;
        }

        return new Google.Rpc.Status { Code = (int)status.Code, Message = status.Message };
    }
}
