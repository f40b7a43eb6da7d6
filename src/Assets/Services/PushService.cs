using Build.Bazel.Remote.Asset.v1;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.ActionCache;
using RemoteExec.Cas;
using RemoteExec.Cas.Services;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Server;
using Digest = RemoteExec.Protocol.Digest;
using InstanceName = RemoteExec.Protocol.InstanceName;

namespace RemoteExec.Assets.Services;

/// <summary>The Push service of the Remote Asset API: who may write results may say what a URI means.</summary>
/// <param name="results">Where bindings go.</param>
/// <param name="cas">Where content has to be.</param>
/// <param name="features">Whether an instance may be written to, and by whom.</param>
/// <param name="time">The clock.</param>
public sealed class PushService(IActionCache results, IBlobStore cas, ServerFeatures features, TimeProvider time)
{
    private readonly AssetBindings bindings = new(results, time);
    private readonly ResultCompleteness completeness = new(cas);

    /// <summary>Its methods, for the server to map.</summary>
    public RpcService ToRpcService() =>
        new RpcService(RemoteAssetReflection.Descriptor, "Push", AssetErrors.ToStatus)
            .Unary<PushBlobRequest, PushBlobResponse>("PushBlob", PushBlobAsync)
            .Unary<PushDirectoryRequest, PushDirectoryResponse>("PushDirectory", PushDirectoryAsync);

    private async Task<PushBlobResponse> PushBlobAsync(PushBlobRequest request, RpcCall call)
    {
        await PushAsync(
            AssetKind.Blob, request.InstanceName, request.DigestFunction, request.Uris, request.Qualifiers, request.ExpireAt, request.BlobDigest, "blob_digest",
            request.ReferencesBlobs, request.ReferencesDirectories, call.CancellationToken);
        return new PushBlobResponse();
    }

    private async Task<PushDirectoryResponse> PushDirectoryAsync(PushDirectoryRequest request, RpcCall call)
    {
        await PushAsync(
            AssetKind.Directory, request.InstanceName, request.DigestFunction, request.Uris, request.Qualifiers, request.ExpireAt, request.RootDirectoryDigest, "root_directory_digest",
            request.ReferencesBlobs, request.ReferencesDirectories, call.CancellationToken);
        return new PushDirectoryResponse();
    }

    private async Task PushAsync(
        AssetKind kind, string instanceName, Reapi.DigestFunction.Types.Value function, IReadOnlyList<string> uris, IReadOnlyList<Qualifier> qualifiers, Timestamp? expireAt,
        Reapi.Digest? content, string field, IReadOnlyList<Reapi.Digest> blobs, IReadOnlyList<Reapi.Digest> directories, CancellationToken cancellationToken)
    {
        InstanceName instance = RequestArguments.Instance(instanceName);
        features.Access.Check(Right.WriteAc, instance);
        if (!features.MayUpdate(instance))
            throw new RpcException(StatusCode.PermissionDenied, "this server does not let clients bind URIs, as it does not let them update the action cache");
        if (uris.Count == 0)
            throw RequestArguments.Invalid("uris is empty: name at least one");
        Digest digest = RequestArguments.Digest(instance, function, content, field);
        AssetRequest asset = AssetArguments.Read(kind, instance, digest.Function, uris, qualifiers);
        if (expireAt is not null && WireTime.Read(expireAt) is null)
            throw RequestArguments.Invalid("expire_at is no time");
        Digest[] allBlobs = [.. blobs.Select(blob => RequestArguments.Digest(instance, (Reapi.DigestFunction.Types.Value)digest.Function, blob, "references_blobs"))];
        Digest[] allDirectories = [.. directories.Select(directory => RequestArguments.Digest(instance, (Reapi.DigestFunction.Types.Value)digest.Function, directory, "references_directories"))];

        Reapi.ActionResult binding = AssetBindings.Encode(kind, new BoundAsset("", digest, time.GetUtcNow(), WireTime.Read(expireAt)), allBlobs, allDirectories);
        if (!await completeness.IsCompleteAsync(binding, digest, cancellationToken))
            throw RequestArguments.Invalid($"{field} {digest}, or something that it refers to, is not in the CAS, or no directory: upload it first");
        for (int i = 0; i < uris.Count; i++)
            await bindings.PutAsync(asset.KeyOf(i), binding, cancellationToken);
    }
}
