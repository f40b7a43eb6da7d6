using Build.Bazel.Remote.Asset.v1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using InstanceName = RemoteExec.Protocol.InstanceName;

namespace RemoteExec.Trees.Remote;

/// <summary>Has a server fetch what URIs mean, by the Remote Asset API.</summary>
/// <param name="channel">The way to the server; stays the caller's.</param>
/// <param name="instance">The instance.</param>
/// <param name="patience">How long a server is waited for that is out of reach.</param>
/// <param name="time">The clock.</param>
public sealed class AssetClient(RpcChannel channel, InstanceName instance, TimeSpan patience, TimeProvider time)
{
    private const string Service = "/build.bazel.remote.asset.v1.Fetch/";
    private readonly RpcRetry retry = new(patience, time);

    /// <summary>Has a blob fetched, or a directory out of an archive.</summary>
    /// <param name="uris">Where it is, each place as good as the other.</param>
    /// <param name="qualifiers">What else is said of it: names and values.</param>
    /// <param name="isDirectory">True for the directory.</param>
    /// <param name="timeout">How long it may take; null for as long as the server will.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="TreeException">It is not to be had; the message tells why.</exception>
    /// <exception cref="StoreUnavailableException">The server can't be reached.</exception>
    public async Task<FetchedAsset> FetchAsync(
        IReadOnlyList<string> uris, IReadOnlyList<KeyValuePair<string, string>> qualifiers, bool isDirectory, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        IEnumerable<Qualifier> all = qualifiers.Select(qualifier => new Qualifier { Name = qualifier.Key, Value = qualifier.Value });
        Duration? patience = timeout is { } limit ? Duration.FromTimeSpan(limit) : null;
        if (isDirectory)
        {
            var request = new FetchDirectoryRequest { InstanceName = instance.Value, Timeout = patience, Uris = { uris }, Qualifiers = { all } };
            FetchDirectoryResponse directory = await CallAsync<FetchDirectoryRequest, FetchDirectoryResponse>("FetchDirectory", request, cancellationToken);
            return Read(directory.Status, directory.Uri, directory.RootDirectoryDigest, directory.DigestFunction);
        }

        var wanted = new FetchBlobRequest { InstanceName = instance.Value, Timeout = patience, Uris = { uris }, Qualifiers = { all } };
        FetchBlobResponse blob = await CallAsync<FetchBlobRequest, FetchBlobResponse>("FetchBlob", wanted, cancellationToken);
        return Read(blob.Status, blob.Uri, blob.BlobDigest, blob.DigestFunction);
    }

    private FetchedAsset Read(Google.Rpc.Status? status, string uri, Reapi.Digest? content, Reapi.DigestFunction.Types.Value function)
    {
        if (status is { Code: not (int)StatusCode.Ok })
            throw new TreeException($"{uri}: {status.Message}");
        DigestFunction known = function == Reapi.DigestFunction.Types.Value.Unknown ? DigestFunction.Sha256 : (DigestFunction)function; // AST-09
        return Digest.TryParse(instance, known, content, out Digest digest, out string? error)
            ? new FetchedAsset(uri, digest)
            : throw new TreeException($"{uri}: what the server answers can't be used: {error}");
    }

    private async Task<TResponse> CallAsync<TRequest, TResponse>(string method, TRequest request, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new()
    {
        try
        {
            return await retry.RunAsync(() => channel.UnaryAsync<TRequest, TResponse>(Service + method, request, cancellationToken), cancellationToken);
        }
        catch (RpcException exception)
        {
            throw exception.Code switch
            {
                StatusCode.Unimplemented => new TreeException($"{channel.Address} does not fetch assets", exception),
                StatusCode.Unavailable => new StoreUnavailableException(channel.Address.ToString(), exception),
                _ => new TreeException(exception.Status.Message, exception),
            };
        }
    }
}
