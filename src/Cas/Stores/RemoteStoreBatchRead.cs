using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Cas.Stores;

/// <summary>Reads several small blobs at another server by one call of BatchReadBlobs.</summary>
/// <param name="channel">The way to the server.</param>
/// <param name="digests">The blobs, of one instance and function, as they are called there.</param>
internal sealed class RemoteStoreBatchRead(RpcChannel channel, Digest[] digests)
{
    private const string Method = "/build.bazel.remote.execution.v2.ContentAddressableStorage/BatchReadBlobs";

    /// <summary>Reads the blobs; what is neither there nor absent for certain has no answer.</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    /// <exception cref="InvalidDataException">The answer makes no sense.</exception>
    public async Task<SmallRead[]> ReadAsync(CancellationToken cancellationToken)
    {
        var request = new Reapi.BatchReadBlobsRequest
        {
            InstanceName = digests[0].Instance.Value,
            DigestFunction = (Reapi.DigestFunction.Types.Value)digests[0].Function,
            Digests = { digests.Distinct().Select(digest => digest.ToProto()) },
        };
        Reapi.BatchReadBlobsResponse response =
            await channel.UnaryAsync<Reapi.BatchReadBlobsRequest, Reapi.BatchReadBlobsResponse>(Method, request, cancellationToken, CallHeaders.OfThisFlow());
        var answers = new Dictionary<Digest, SmallRead>();
        foreach (Reapi.BatchReadBlobsResponse.Types.Response one in response.Responses)
        {
            if (!digests[0].TryParseSibling(one.Digest, out Digest digest, out string? error))
                throw new InvalidDataException($"its answer is about no blob: {error}");
            answers[digest] = AnswerOf(digest, one);
        }

        return Array.ConvertAll(digests, digest => answers.TryGetValue(digest, out SmallRead answer)
            ? answer
            : throw new InvalidDataException($"its answer is not about {digest}"));
    }

    private static SmallRead AnswerOf(Digest digest, Reapi.BatchReadBlobsResponse.Types.Response one)
    {
        switch ((StatusCode)(one.Status?.Code ?? 0))
        {
            case StatusCode.NotFound:
                return new SmallRead(IsAnswered: true, null);
            case StatusCode.Ok when one.Compressor != Reapi.Compressor.Types.Value.Identity || one.Data.Length != digest.SizeBytes:
                throw new InvalidDataException($"it sent {one.Data.Length} bytes of {digest}, or compressed ones");
            case StatusCode.Ok:
                return new SmallRead(IsAnswered: true, one.Data.Span.ToArray());
            default:
                return default;
        }
    }
}
