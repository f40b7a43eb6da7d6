namespace RemoteExec.Builds.Events;

/// <summary>What came of a target, in all of its configurations: the worst of it, in this order.</summary>
public enum TargetStatus
{
    /// <summary>It was analysed, and is being built, or was when its client was last heard of.</summary>
    Pending,

    /// <summary>It was built.</summary>
    Ok,

    /// <summary>The client has left it out, as it does not fit the platform.</summary>
    Skipped,

    /// <summary>It was not built to the end, because the build ended before.</summary>
    Incomplete,

    /// <summary>It could not be built.</summary>
    Failed,
}
