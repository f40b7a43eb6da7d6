namespace RemoteExec.Images;

/// <summary>How one image differs from another at a path.</summary>
public enum ImageChange
{
    /// <summary>Only the second one has it.</summary>
    Added,

    /// <summary>Only the first one has it.</summary>
    Removed,

    /// <summary>Both have something else there.</summary>
    Changed,
}
