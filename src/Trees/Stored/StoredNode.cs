using RemoteExec.Protocol;

namespace RemoteExec.Trees.Stored;

/// <summary>Something in a tree: a directory, a file or a symlink, of which exactly one is given.</summary>
/// <param name="Path">Its path.</param>
public sealed record StoredNode(string Path)
{
    /// <summary>The directory that it is.</summary>
    public Digest? Directory { get; init; }

    /// <summary>The content of the file that it is.</summary>
    public Digest? File { get; init; }

    /// <summary>Whether the file can be executed.</summary>
    public bool IsExecutable { get; init; }

    /// <summary>What the symlink says that it is.</summary>
    public string? Target { get; init; }
}
