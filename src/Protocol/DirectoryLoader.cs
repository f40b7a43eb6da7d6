namespace RemoteExec.Protocol;

/// <summary>Loads the directories with these digests, in this order; null in the place of one that is absent or unreadable.</summary>
public delegate ValueTask<IReadOnlyList<Reapi.Directory?>> DirectoryLoader(IReadOnlyList<Digest> digests, CancellationToken cancellationToken);
