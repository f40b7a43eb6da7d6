namespace RemoteExec.Protocol;

/// <summary>A directory as a walk comes to it.</summary>
/// <param name="Digest">Its digest.</param>
/// <param name="Directory">Null if the loader did not have it.</param>
/// <param name="Depth">The length of the shortest way to it: 0 for the root.</param>
public readonly record struct DirectoryVisit(Digest Digest, Reapi.Directory? Directory, int Depth);
