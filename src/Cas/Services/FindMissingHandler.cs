using RemoteExec.Cas.Builds;
using RemoteExec.Cas.Frames;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;
using RemoteExec.Rpc.Framing;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Cas.Services;

/// <summary>FindMissingBlobs: clients ask about tens of thousands of blobs in a call, so that no object is made for one.</summary>
internal sealed class FindMissingHandler(IBlobStore cas, ICallObserver observer)
{
    private const uint FunctionTag = (3 << 3) | 0;
    private const byte MissingTag = (2 << 3) | 2;

    /// <summary>Reads a request.</summary>
    /// <exception cref="Rpc.RpcException">INVALID_ARGUMENT: one of its values is wrong.</exception>
    public static DigestBatch Parse(ReadOnlySpan<byte> message) =>
        DigestBatch.TryRead(message, FunctionTag) ?? Parse(Reapi.FindMissingBlobsRequest.Parser.ParseFrom(message));

    /// <summary>Answers a request, and disposes it.</summary>
    public async Task ServeAsync(DigestBatch request, RpcCall call)
    {
        IReadOnlyCollection<Digest> missing = await cas.FindMissingAsync(request.All, call.CancellationToken);
        Write(call.Responses, DigestSpan.Of(missing));
        if (request.All.Count > 0)
            observer.ObserveBlobs(call, CallKind.AskedMissing, request.All[0], request.All.Count, 0);
        request.Dispose(); // only now, and only if all went well: a store may answer with what it was asked, and one that has thrown may still be looking at it
    }

    private static DigestBatch Parse(Reapi.FindMissingBlobsRequest request)
    {
        InstanceName instance = RequestArguments.Instance(request.InstanceName);
        DigestFunction function = RequestArguments.CommonFunction(request.DigestFunction, request.BlobDigests);
        var batch = new DigestBatch(request.BlobDigests.Count);
        try
        {
            foreach (Reapi.Digest digest in request.BlobDigests)
                batch.Add(RequestArguments.Digest(instance, (Reapi.DigestFunction.Types.Value)function, digest, "blob_digests"));
            return batch;
        }
        catch
        {
            batch.Dispose();
            throw;
        }
    }

    private static void Write(MessageWriter responses, ReadOnlySpan<Digest> missing)
    {
        int length = 0;
        foreach (ref readonly Digest digest in missing)
            length += ProtoWriter.LengthOfBytes(DigestMessage.LengthOf(digest));

        Span<byte> left = responses.Reserve(length).Span;
        foreach (ref readonly Digest digest in missing)
        {
            left = left[ProtoWriter.WriteLength(left, MissingTag, DigestMessage.LengthOf(digest))..];
            left = left[DigestMessage.Write(left, digest)..];
        }

        responses.Commit();
    }
}
