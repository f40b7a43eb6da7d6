using RemoteExec.Cas;
using RemoteExec.Cas.Chunking;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Trees.Remote;

/// <summary>What trees ask of a server's CAS beyond reading and writing blobs: what it offers, and to take large blobs apart and put them together.</summary>
/// <param name="channel">The way to the server; stays the caller's.</param>
/// <param name="instance">The instance.</param>
/// <param name="patience">How long a server is waited for that is out of reach.</param>
/// <param name="time">The clock.</param>
public sealed class CasClient(RpcChannel channel, InstanceName instance, TimeSpan patience, TimeProvider time)
{
    private const string GetCapabilities = "/build.bazel.remote.execution.v2.Capabilities/GetCapabilities";
    private const string SplitBlob = "/build.bazel.remote.execution.v2.ContentAddressableStorage/SplitBlob";
    private const string SpliceBlob = "/build.bazel.remote.execution.v2.ContentAddressableStorage/SpliceBlob";
    private const int DefaultAverageBytes = 512 * 1024, MinAverageBytes = 1024, MaxAverageBytes = 1024 * 1024;
    private readonly RpcRetry retry = new(patience, time);
    private readonly RemoteStore blobs = new(channel, patience, time);

    /// <summary>Asks what the server offers.</summary>
    /// <exception cref="StoreUnavailableException">It can't be reached, or refuses to answer.</exception>
    /// <exception cref="TreeException">It has no digest function that is known here.</exception>
    public async Task<CasFeatures> FindFeaturesAsync(CancellationToken cancellationToken)
    {
        Reapi.CacheCapabilities cache;
        try
        {
            var request = new Reapi.GetCapabilitiesRequest { InstanceName = instance.Value };
            cache = (await CallAsync<Reapi.GetCapabilitiesRequest, Reapi.ServerCapabilities>(GetCapabilities, request, cancellationToken)).CacheCapabilities
                ?? throw new TreeException($"{channel.Address} has no cache: name a server that has one with --server");
        }
        catch (RpcException exception)
        {
            throw Unavailable(exception);
        }

        DigestFunction[] functions = [.. cache.DigestFunctions.Select(function => (DigestFunction)function).Where(function => function.IsSupported())];
        if (functions.Length == 0)
            throw new TreeException($"{channel.Address} has no digest function that is known here");
        return new CasFeatures
        {
            DigestFunctions = functions,
            AbsoluteTargets = cache.SymlinkAbsolutePathStrategy != Reapi.SymlinkAbsolutePathStrategy.Types.Value.Disallowed,
            MaxBlobBytes = cache.MaxCasBlobSizeBytes,
            Chunker = ChunkerOf(cache.FastCdc2020Params),
            Splits = cache.SplitBlobSupport,
            Splices = cache.SpliceBlobSupport,
        };
    }

    /// <summary>Has the server cut a blob by FastCDC; the chunks in order, or null if it can't.</summary>
    /// <exception cref="StoreUnavailableException">The server can't be reached.</exception>
    internal async Task<IReadOnlyList<Digest>?> SplitAsync(Digest digest, CancellationToken cancellationToken)
    {
        var request = new Reapi.SplitBlobRequest
        {
            InstanceName = instance.Value,
            BlobDigest = digest.ToProto(),
            DigestFunction = (Reapi.DigestFunction.Types.Value)digest.Function,
            ChunkingFunction = Reapi.ChunkingFunction.Types.Value.FastCdc2020,
        };
        try
        {
            Reapi.SplitBlobResponse response = await CallAsync<Reapi.SplitBlobRequest, Reapi.SplitBlobResponse>(SplitBlob, request, cancellationToken);
            var chunks = new List<Digest>(response.ChunkDigests.Count);
            long left = digest.SizeBytes;
            foreach (Reapi.Digest chunk in response.ChunkDigests)
            {
                if (!digest.TryParseSibling(chunk, out Digest parsed, out _) || parsed.SizeBytes > left)
                    return null;
                left -= parsed.SizeBytes;
                chunks.Add(parsed);
            }

            return left == 0 ? chunks : null;
        }
        catch (RpcException exception) when (exception.Code is not (StatusCode.Unavailable or StatusCode.Unauthenticated or StatusCode.PermissionDenied))
        {
            return null; // whole, it may be had all the same
        }
        catch (RpcException exception)
        {
            throw Unavailable(exception);
        }
    }

    /// <summary>Has the server put a blob together; false if it can't: it lost a chunk meanwhile, or does not want to.</summary>
    /// <exception cref="BlobMismatchException">The chunks are not those of the blob.</exception>
    /// <exception cref="StoreUnavailableException">The server can't be reached.</exception>
    internal async Task<bool> SpliceAsync(Digest digest, IReadOnlyList<Digest> chunks, CancellationToken cancellationToken)
    {
        var request = new Reapi.SpliceBlobRequest
        {
            InstanceName = instance.Value,
            BlobDigest = digest.ToProto(),
            DigestFunction = (Reapi.DigestFunction.Types.Value)digest.Function,
            ChunkingFunction = Reapi.ChunkingFunction.Types.Value.FastCdc2020,
            ChunkDigests = { chunks.Select(chunk => chunk.ToProto()) },
        };
        try
        {
            await CallAsync<Reapi.SpliceBlobRequest, Reapi.SpliceBlobResponse>(SpliceBlob, request, cancellationToken);
            return true;
        }
        catch (RpcException exception) when (exception.Code == StatusCode.AlreadyExists)
        {
            return true;
        }
        catch (RpcException exception) when (exception.Code == StatusCode.InvalidArgument)
        {
            throw new BlobMismatchException(digest, exception.Status.Message);
        }
        catch (RpcException exception) when (exception.Code is StatusCode.NotFound or StatusCode.Unimplemented or StatusCode.ResourceExhausted)
        {
            return false;
        }
        catch (RpcException exception)
        {
            throw Unavailable(exception);
        }
    }

    /// <summary>Writes a blob from where an earlier attempt under the same name got.</summary>
    /// <returns>The writer, and the offset in the blob from which on it wants bytes; no writer if the blob is there already.</returns>
    /// <exception cref="StoreUnavailableException">The server can't be reached.</exception>
    internal ValueTask<(BlobWriter? Writer, long Offset)> ContinueWriteAsync(Digest digest, string name, CancellationToken cancellationToken) => blobs.ContinueWriteAsync(digest, name, cancellationToken);

    private static FastCdc? ChunkerOf(Reapi.FastCdc2020Params? parameters)
    {
        if (parameters is null)
            return null;
        ulong average = parameters.AvgChunkSizeBytes == 0 ? DefaultAverageBytes : parameters.AvgChunkSizeBytes;
        return average is >= MinAverageBytes and <= MaxAverageBytes ? new FastCdc((int)average, parameters.Seed) : null;
    }

    private Task<TResponse> CallAsync<TRequest, TResponse>(string method, TRequest request, CancellationToken cancellationToken)
        where TRequest : class, Google.Protobuf.IMessage<TRequest>
        where TResponse : class, Google.Protobuf.IMessage<TResponse>, new() =>
        retry.RunAsync(() => channel.UnaryAsync<TRequest, TResponse>(method, request, cancellationToken), cancellationToken);

    private StoreUnavailableException Unavailable(RpcException exception) => new(channel.Address.ToString(), exception);
}
