namespace RemoteExec.Trees.Stored;

/// <summary>How one tree differs from another at a path.</summary>
public enum TreeChange
{
    /// <summary>Only the second one has it.</summary>
    Added,

    /// <summary>Only the first one has it.</summary>
    Removed,

    /// <summary>Both have something else there.</summary>
    Changed,
}
