using Google.Protobuf.WellKnownTypes;
using RemoteExec.ActionCache;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Assets;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.Assets;

/// <summary>
/// Which content belongs to which URI. A binding is kept as the result of an action that there is not: so whatever keeps results keeps bindings, as long as they are used, and hides those whose
/// content is gone.
/// </summary>
/// <param name="results">Where they are kept; must hide what is not complete.</param>
/// <param name="time">The clock.</param>
public sealed class AssetBindings(IActionCache results, TimeProvider time)
{
    private const string AssetPath = "asset", ReferencePath = "reference";

    /// <summary>The binding of the first URI that has one that has not ended, and is not too old; its content was there just now (AST-08). Null if there is none.</summary>
    /// <exception cref="CasException">A store failed.</exception>
    public async Task<BoundAsset?> FindAsync(AssetRequest request, CancellationToken cancellationToken)
    {
        for (int i = 0; i < request.Uris.Count; i++)
        {
            Digest key = request.KeyOf(i);
            if (await results.GetAsync(key, cancellationToken) is { } result && Read(request, request.Uris[i], key, result) is { } bound)
                return bound;
        }

        return null;
    }

    /// <summary>Keeps a binding, in the place of an earlier one.</summary>
    /// <exception cref="CasException">A store failed.</exception>
    public Task PutAsync(Digest key, Reapi.ActionResult binding, CancellationToken cancellationToken) => results.PutAsync(key, binding, cancellationToken);

    /// <summary>A binding as it is kept.</summary>
    /// <param name="kind">What the asset is.</param>
    /// <param name="asset">What it is bound to.</param>
    /// <param name="blobs">Blobs that it refers to.</param>
    /// <param name="directories">Directories that it refers to.</param>
    public static Reapi.ActionResult Encode(AssetKind kind, BoundAsset asset, IEnumerable<Digest> blobs, IEnumerable<Digest> directories)
    {
        var result = new Reapi.ActionResult { ExecutionMetadata = new Reapi.ExecutedActionMetadata() };
        if (kind == AssetKind.Blob)
            result.OutputFiles.Add(new Reapi.OutputFile { Path = AssetPath, Digest = asset.Content.ToProto() });
        else
            result.OutputDirectories.Add(new Reapi.OutputDirectory { Path = AssetPath, RootDirectoryDigest = asset.Content.ToProto() });
        result.OutputFiles.AddRange(blobs.Select((digest, number) => new Reapi.OutputFile { Path = $"{ReferencePath}/blob/{number}", Digest = digest.ToProto() }));
        result.OutputDirectories.AddRange(directories.Select((digest, number) => new Reapi.OutputDirectory { Path = $"{ReferencePath}/directory/{number}", RootDirectoryDigest = digest.ToProto() }));
        var binding = new AssetBinding { Since = Timestamp.FromDateTimeOffset(asset.Since), Expires = asset.Expires is { } end ? Timestamp.FromDateTimeOffset(end) : null };
        result.ExecutionMetadata.AuxiliaryMetadata.Add(Any.Pack(binding));
        return result;
    }

    // Whoever may write results may have written anything here.
    private BoundAsset? Read(AssetRequest request, string uri, Digest key, Reapi.ActionResult result)
    {
        Reapi.Digest? content = request.Kind == AssetKind.Blob
            ? result.OutputFiles.FirstOrDefault(file => file.Path == AssetPath)?.Digest
            : result.OutputDirectories.FirstOrDefault(directory => directory.Path == AssetPath)?.RootDirectoryDigest;
        if (!key.TryParseSibling(content, out Digest digest, out _)
            || result.ExecutionMetadata?.AuxiliaryMetadata.FirstOrDefault(any => any.Is(AssetBinding.Descriptor)) is not { } metadata)
            return null;
        try
        {
            AssetBinding binding = metadata.Unpack<AssetBinding>();
            DateTimeOffset? expires = WireTime.Read(binding.Expires);
            bool isGood = WireTime.Read(binding.Since) >= request.Oldest && (binding.Expires is null || expires > time.GetUtcNow());
            return isGood ? new BoundAsset(uri, digest, binding.Since.ToDateTimeOffset(), expires) : null;
        }
        catch (Exception exception) when (MalformedMessage.IsReason(exception))
        {
            return null;
        }
    }
}
