using RemoteExec.Protocol;

namespace RemoteExec.Trees.Remote;

/// <summary>What a reference names.</summary>
/// <param name="Name">The name.</param>
/// <param name="Digest">What it names.</param>
/// <param name="IsDirectory">True for a directory and all below it; false for a blob.</param>
/// <param name="Version">Counts the changes of the reference.</param>
public sealed record NamedTarget(string Name, Digest Digest, bool IsDirectory, long Version);
