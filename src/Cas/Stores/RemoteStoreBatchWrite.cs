using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Cas.Stores;

/// <summary>Writes several small blobs at another server by one call of BatchUpdateBlobs.</summary>
/// <param name="channel">The way to the server.</param>
/// <param name="blobs">The blobs, of one instance and function, as they are called there.</param>
internal sealed class RemoteStoreBatchWrite(RpcChannel channel, SmallWrite[] blobs)
{
    private const string Method = "/build.bazel.remote.execution.v2.ContentAddressableStorage/BatchUpdateBlobs";

    /// <summary>Writes the blobs; what became of each, in their order.</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    /// <exception cref="InvalidDataException">The answer makes no sense.</exception>
    public async Task<SmallWritten[]> WriteAsync(CancellationToken cancellationToken)
    {
        Digest first = blobs[0].Digest;
        var request = new Reapi.BatchUpdateBlobsRequest
        {
            InstanceName = first.Instance.Value,
            DigestFunction = (Reapi.DigestFunction.Types.Value)first.Function,
            Requests = { blobs.DistinctBy(blob => blob.Digest).Select(blob => new Reapi.BatchUpdateBlobsRequest.Types.Request { Digest = blob.Digest.ToProto(), Data = blob.Content }) },
        };
        Reapi.BatchUpdateBlobsResponse response =
            await channel.UnaryAsync<Reapi.BatchUpdateBlobsRequest, Reapi.BatchUpdateBlobsResponse>(Method, request, cancellationToken, CallHeaders.OfThisFlow());
        var answers = new Dictionary<Digest, SmallWritten>();
        foreach (Reapi.BatchUpdateBlobsResponse.Types.Response one in response.Responses)
        {
            if (!first.TryParseSibling(one.Digest, out Digest digest, out string? error))
                throw new InvalidDataException($"its answer is about no blob: {error}");
            answers[digest] = new SmallWritten(new RpcStatus((StatusCode)(one.Status?.Code ?? 0), one.Status?.Message ?? ""));
        }

        return Array.ConvertAll(blobs, blob => answers.TryGetValue(blob.Digest, out SmallWritten answer)
            ? answer
            : throw new InvalidDataException($"its answer is not about {blob.Digest}"));
    }
}
