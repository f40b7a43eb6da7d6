using RemoteExec.Protocol;

namespace RemoteExec.Worker.Inputs;

/// <summary>A file in an input directory.</summary>
/// <param name="Name">One path segment.</param>
/// <param name="Key">Its content.</param>
/// <param name="Properties">The mode or the time that it asks for, in which case it can't be shared with other places (DIR-07); null if it asks for none.</param>
internal readonly record struct InputFile(string Name, FileKey Key, Reapi.NodeProperties? Properties)
{
    /// <summary>True if it belongs to the tool that a persistent process runs.</summary>
    public bool IsTool { get; init; }
}

/// <summary>A symlink in an input directory.</summary>
/// <param name="Name">One path segment.</param>
/// <param name="Target">What it leads to, as it was sent (SYM-01).</param>
internal readonly record struct InputSymlink(string Name, string Target)
{
    /// <summary>True if it belongs to the tool that a persistent process runs.</summary>
    public bool IsTool { get; init; }
}

/// <summary>What an input directory knows of a subdirectory.</summary>
/// <param name="Name">One path segment.</param>
/// <param name="Digest">The subdirectory's digest.</param>
/// <param name="Nodes">Its <see cref="InputDirectory.Nodes"/>.</param>
/// <param name="Depth">Its <see cref="InputDirectory.Depth"/>.</param>
internal readonly record struct InputSubdirectory(string Name, Digest Digest, int Nodes, int Depth);
