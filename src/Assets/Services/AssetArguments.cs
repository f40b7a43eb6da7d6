using Build.Bazel.Remote.Asset.v1;
using RemoteExec.Cas.Services;
using RemoteExec.Protocol;

namespace RemoteExec.Assets.Services;

/// <summary>Turns requests for assets into ours; what is wrong with one is told with INVALID_ARGUMENT.</summary>
internal static class AssetArguments
{
    private const int MaxUris = 256;
    private const int MaxUriLength = 16 * 1024;

    /// <summary>Reads what all requests have.</summary>
    /// <exception cref="Rpc.RpcException">INVALID_ARGUMENT: there is no URI (AST-01), or something is malformed.</exception>
    /// <exception cref="AssetException">A qualifier is malformed.</exception>
    public static AssetRequest Read(AssetKind kind, InstanceName instance, DigestFunction function, IReadOnlyList<string> uris, IReadOnlyList<Qualifier> qualifiers)
    {
        if (uris.Count == 0)
            throw RequestArguments.Invalid("uris is empty: name at least one");
        if (uris.Count > MaxUris)
            throw RequestArguments.Invalid($"there are {uris.Count} uris: name at most {MaxUris}");
        if (uris.FirstOrDefault(uri => uri.Length is 0 or > MaxUriLength) is { } bad)
            throw RequestArguments.Invalid(bad.Length == 0 ? "one of the uris is empty" : $"one of the uris has more than {MaxUriLength} characters");
        if (!function.IsSupported())
            throw RequestArguments.Invalid($"digest function {(int)function} is not supported; supported: {string.Join(", ", DigestFunctions.Supported.Select(supported => supported.Name()))}");
        return new AssetRequest(kind, instance, function, uris, AssetQualifiers.Read(qualifiers.Select(qualifier => (qualifier.Name, qualifier.Value)), uris.Count));
    }
}
