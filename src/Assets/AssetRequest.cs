using Google.Protobuf;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Assets;

namespace RemoteExec.Assets;

/// <summary>Which asset is meant: any of its URIs will do.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Instance">The instance.</param>
/// <param name="Function">The digest function.</param>
/// <param name="Uris">Its URIs, at least one (AST-01).</param>
/// <param name="Qualifiers">What else is said of it.</param>
public sealed record AssetRequest(AssetKind Kind, InstanceName Instance, DigestFunction Function, IReadOnlyList<string> Uris, AssetQualifiers Qualifiers)
{
    private const int KeyVersion = 1;
    private const byte NoMessage = 0x07; // a field that no message has: so nothing that may be executed has the digest of a binding, and no result can be made to look like one

    /// <summary>What was pushed, or began to be fetched, before this is too old (AST-07).</summary>
    public DateTimeOffset Oldest { get; init; } = DateTimeOffset.MinValue;

    /// <summary>How long it may take; null if that is not said (AST-06).</summary>
    public TimeSpan? Patience { get; init; }

    /// <summary>One of the URIs, if it is one of HTTP; else null.</summary>
    public Uri? HttpUri(int uri) => Uri.TryCreate(Uris[uri], UriKind.Absolute, out Uri? parsed) && parsed is { Scheme: "https" or "http" } ? parsed : null;

    /// <summary>What the binding of one of the URIs is kept under: for the same qualifiers, whatever their order.</summary>
    public Digest KeyOf(int uri)
    {
        var name = new AssetName { Kind = Kind == AssetKind.Blob ? AssetName.Types.Kind.Blob : AssetName.Types.Kind.Directory, Uri = Uris[uri] };
        name.Qualifiers.AddRange(Qualifiers.Of(uri).Select(qualifier => new AssetQualifier { Name = qualifier.Key, Value = qualifier.Value }));
        return IncrementalHasher.Compute(Instance, Function, [NoMessage, KeyVersion, .. name.ToByteArray()]);
    }
}
