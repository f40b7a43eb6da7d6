namespace RemoteExec.Builds.Explain;

/// <summary>How an input of one action differs from what another has under the same path.</summary>
public enum InputChangeKind
{
    /// <summary>The content of a file.</summary>
    Content,

    /// <summary>Only the later action has it.</summary>
    Added,

    /// <summary>Only the earlier action has it.</summary>
    Removed,

    /// <summary>The later action has it under another name.</summary>
    Renamed,

    /// <summary>Whether a file can be executed; its content is the same.</summary>
    Executable,

    /// <summary>Where a symlink leads.</summary>
    SymlinkTarget,

    /// <summary>It is a file in one, and a directory or a symlink in the other.</summary>
    NodeType,

    /// <summary>Its node properties alone.</summary>
    NodeProperties,
}
