using Build.Bazel.Remote.Asset.v1;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Cas.Services;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Rpc.Server;
using InstanceName = RemoteExec.Protocol.InstanceName;

namespace RemoteExec.Assets.Services;

/// <summary>The Fetch service of the Remote Asset API.</summary>
/// <param name="fetcher">Finds assets.</param>
/// <param name="features">Whether an instance may be written to, and by whom.</param>
/// <param name="time">The clock.</param>
public sealed class FetchService(AssetFetcher fetcher, ServerFeatures features, TimeProvider time)
{
    /// <summary>Its methods, for the server to map.</summary>
    public RpcService ToRpcService() =>
        new RpcService(RemoteAssetReflection.Descriptor, "Fetch", AssetErrors.ToStatus)
            .Unary<FetchBlobRequest, FetchBlobResponse>("FetchBlob", FetchBlobAsync)
            .Unary<FetchDirectoryRequest, FetchDirectoryResponse>("FetchDirectory", FetchDirectoryAsync);

    private async Task<FetchBlobResponse> FetchBlobAsync(FetchBlobRequest request, RpcCall call)
    {
        AssetRequest asset = Read(AssetKind.Blob, request.InstanceName, request.DigestFunction, request.Uris, request.Qualifiers, request.OldestContentAccepted, request.Timeout);
        var response = new FetchBlobResponse { DigestFunction = (Reapi.DigestFunction.Types.Value)asset.Function };
        try
        {
            BoundAsset found = await FindAsync(asset, call);
            response.Status = new Google.Rpc.Status();
            response.Uri = found.Uri;
            response.BlobDigest = found.Content.ToProto();
            response.ExpiresAt = Read(found.Expires);
            response.Qualifiers.AddRange(Tell(asset));
        }
        catch (AssetException exception) when (AssetErrors.IsAnswer(exception))
        {
            response.Status = AssetErrors.ToAnswer(exception);
            response.Uri = UriOf(exception, asset);
        }

        return response;
    }

    private async Task<FetchDirectoryResponse> FetchDirectoryAsync(FetchDirectoryRequest request, RpcCall call)
    {
        AssetRequest asset = Read(AssetKind.Directory, request.InstanceName, request.DigestFunction, request.Uris, request.Qualifiers, request.OldestContentAccepted, request.Timeout);
        var response = new FetchDirectoryResponse { DigestFunction = (Reapi.DigestFunction.Types.Value)asset.Function };
        try
        {
            BoundAsset found = await FindAsync(asset, call);
            response.Status = new Google.Rpc.Status();
            response.Uri = found.Uri;
            response.RootDirectoryDigest = found.Content.ToProto();
            response.ExpiresAt = Read(found.Expires);
            response.Qualifiers.AddRange(Tell(asset));
        }
        catch (AssetException exception) when (AssetErrors.IsAnswer(exception))
        {
            response.Status = AssetErrors.ToAnswer(exception);
            response.Uri = UriOf(exception, asset);
        }

        return response;
    }

    private Task<BoundAsset> FindAsync(AssetRequest asset, RpcCall call) => fetcher.FindAsync(asset, mayFetch: !features.PolicyOf(asset.Instance).IsReadOnly, call.CancellationToken);

    private AssetRequest Read(
        AssetKind kind, string instanceName, Reapi.DigestFunction.Types.Value function, IReadOnlyList<string> uris, IReadOnlyList<Qualifier> qualifiers, Timestamp? oldest, Duration? timeout)
    {
        InstanceName instance = RequestArguments.Instance(instanceName);
        features.Access.Check(Right.WriteCas, instance);
        features.PolicyOf(instance);
        var known = function == Reapi.DigestFunction.Types.Value.Unknown ? DigestFunction.Sha256 : (DigestFunction)function; // DIG-12, AST-09
        AssetRequest asset = AssetArguments.Read(kind, instance, known, uris, qualifiers);
        if (timeout is not null && (WireTime.Read(timeout) is not { } patience || patience < TimeSpan.Zero))
            throw RequestArguments.Invalid("timeout is negative, or no duration");
        if (oldest is not null && WireTime.Read(oldest) is null)
            throw RequestArguments.Invalid("oldest_content_accepted is no time");
        DateTimeOffset now = time.GetUtcNow();
        return asset with
        {
            Patience = WireTime.Read(timeout) is { } stated && stated > TimeSpan.Zero ? stated : null,
            Oldest = WireTime.Read(oldest) is not { } limit ? DateTimeOffset.MinValue : limit < now ? limit : now, // nothing is newer than what is fetched now
        };
    }

    private static Timestamp? Read(DateTimeOffset? time) => time is { } moment ? Timestamp.FromDateTimeOffset(moment) : null;

    private static IEnumerable<Qualifier> Tell(AssetRequest asset) => asset.Qualifiers.Telling.Select(qualifier => new Qualifier { Name = qualifier.Key, Value = qualifier.Value });

    private static string UriOf(AssetException exception, AssetRequest asset) => exception.Uri.Length > 0 ? exception.Uri : asset.Uris[0];
}
