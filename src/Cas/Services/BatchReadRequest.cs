using RemoteExec.Protocol;
using RemoteExec.Rpc;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;

namespace RemoteExec.Cas.Services;

/// <summary>A request of BatchReadBlobs. Whoever has it disposes it.</summary>
/// <param name="Digests">What to read; a digest of no function stands for a malformed one.</param>
/// <param name="Malformed">By their places among the digests: those that are malformed, as the client sent them, and what is wrong.</param>
/// <param name="Acceptable">The compressors in which the client takes data.</param>
internal sealed record BatchReadRequest(
    DigestBatch Digests, IReadOnlyDictionary<int, (Reapi.Digest Digest, RpcStatus Status)> Malformed, IReadOnlyList<Compressor> Acceptable) : IDisposable
{
    private const uint FunctionTag = (4 << 3) | 0;
    private static readonly Dictionary<int, (Reapi.Digest, RpcStatus)> none = [];

    /// <summary>Reads a request.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT: one of its values is wrong. A malformed digest is told in its own response.</exception>
    public static BatchReadRequest Parse(ReadOnlySpan<byte> message) => DigestBatch.TryRead(message, FunctionTag) is { } digests
        ? new BatchReadRequest(digests, none, [])
        : Parse(Reapi.BatchReadBlobsRequest.Parser.ParseFrom(message));

    /// <inheritdoc/>
    public void Dispose() => Digests.Dispose();

    private static BatchReadRequest Parse(Reapi.BatchReadBlobsRequest request)
    {
        InstanceName instance = RequestArguments.Instance(request.InstanceName);
        DigestFunction function = RequestArguments.CommonFunction(request.DigestFunction, request.Digests);
        var batch = new DigestBatch(request.Digests.Count);
        var malformed = new Dictionary<int, (Reapi.Digest, RpcStatus)>();
        foreach (Reapi.Digest digest in request.Digests)
        {
            if (!Digest.TryParse(instance, function, digest, out Digest parsed, out string? error))
                malformed.Add(batch.Count, (digest, RequestArguments.Invalid($"digests: {error}").Status));
            batch.Add(parsed);
        }

        return new BatchReadRequest(batch, malformed, request.AcceptableCompressors);
    }
}
