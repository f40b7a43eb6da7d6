using RemoteExec.Protocol;

namespace RemoteExec.Trees.Local;

/// <summary>A piece of a file.</summary>
/// <param name="Digest">Its content.</param>
/// <param name="Offset">Where it begins in the file.</param>
internal readonly record struct LocalChunk(Digest Digest, long Offset);
