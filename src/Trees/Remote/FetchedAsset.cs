using RemoteExec.Protocol;

namespace RemoteExec.Trees.Remote;

/// <summary>What a URI means.</summary>
/// <param name="Uri">The one that it was had from.</param>
/// <param name="Content">What is in the CAS: a blob, or the root of a directory.</param>
public sealed record FetchedAsset(string Uri, Digest Content);
