using System.Buffers;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;
using RemoteExec.Rpc.Framing;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Cas.Services;

/// <summary>FindMissingBlobs: clients ask about tens of thousands of blobs in a call, so that no object is made for one.</summary>
internal sealed class FindMissingHandler(IBlobStore cas)
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
        IReadOnlyCollection<Digest> missing;
        using (request)
            missing = await cas.FindMissingAsync(request.All, call.CancellationToken);
        Write(call.Responses, DigestSpan.Of(missing));
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
        {
            int one = DigestMessage.LengthOf(digest);
            length += 1 + Varint.LengthOf((ulong)one) + one;
        }

        responses.Start(length);
        foreach (ref readonly Digest digest in missing)
        {
            Span<byte> destination = responses.GetSpan(DigestMessage.MaxLength + 3);
            destination[0] = MissingTag;
            int start = 1 + Varint.Write(destination[1..], (ulong)DigestMessage.LengthOf(digest));
            responses.Advance(start + DigestMessage.Write(destination[start..], digest));
        }
    }
}
