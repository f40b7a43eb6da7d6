using RemoteExec.Trees.Local;

namespace RemoteExec.Trees.Pull;

/// <summary>How directories are pulled.</summary>
public sealed record TreePullOptions
{
    /// <summary>Whether what was changed, or was there before, is replaced.</summary>
    public bool Force { get; init; }

    /// <summary>What is known of directories that were pulled before.</summary>
    public required StateFiles State { get; init; }

    /// <summary>A directory with blobs that were fetched before, for any tree; null for none.</summary>
    public string? CacheDirectory { get; init; }

    /// <summary>Whether files are links to the blobs in the cache, and read-only therefore.</summary>
    public bool Links { get; init; }

    /// <summary>Another directory that may have much in common with what is pulled: of its large files only chunks are fetched that are not in those of the same path there. Null for none.</summary>
    public string? Alike { get; init; }
}
