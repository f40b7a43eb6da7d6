namespace RemoteExec.Protocol;

/// <summary>A tree of directories passes a limit of this server (CAS-26).</summary>
public sealed class TreeTooLargeException(Digest root, string reason) : Exception($"the tree {root} is too large: {reason}")
{
    /// <summary>The root directory, or the blob that holds the tree.</summary>
    public Digest Root { get; } = root;
}
