namespace RemoteExec.Trees.Deploy;

/// <summary>Whether a release is in service.</summary>
public enum ReleaseState
{
    /// <summary>It was, and is kept.</summary>
    Kept,

    /// <summary>It is.</summary>
    Current,

    /// <summary>It is, but what puts it into service was broken off.</summary>
    Unfinished,
}
