using RemoteExec.Protocol;

namespace RemoteExec.References;

/// <summary>What a reference names.</summary>
/// <param name="Digest">The digest of a directory, or of a blob; its instance is that of the reference.</param>
/// <param name="IsDirectory">True if it stands for the whole tree below a directory.</param>
public readonly record struct ReferenceTarget(Digest Digest, bool IsDirectory);
