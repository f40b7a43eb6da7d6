using RemoteExec.Protocol;

namespace RemoteExec.Assets;

/// <summary>What a URI is bound to.</summary>
/// <param name="Uri">The URI.</param>
/// <param name="Content">The digest of the blob, or of the root directory.</param>
/// <param name="Since">When it was pushed, or began to be fetched.</param>
/// <param name="Expires">When the binding ends; null if it does not.</param>
public sealed record BoundAsset(string Uri, Digest Content, DateTimeOffset Since, DateTimeOffset? Expires);
