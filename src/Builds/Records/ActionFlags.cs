namespace RemoteExec.Builds.Records;

/// <summary>What is known to have happened with an action in a build.</summary>
[Flags]
internal enum ActionFlags : byte
{
    None = 0,

    /// <summary>Its result was asked for, and answered.</summary>
    Hit = 1,

    /// <summary>Its result was asked for, and was not there.</summary>
    Miss = 2,

    /// <summary>It was run for this build.</summary>
    Executed = 4,

    /// <summary>Execute was answered from the cache.</summary>
    Cached = 8,

    /// <summary>It was being run for somebody else already.</summary>
    Merged = 16,

    /// <summary>Execute ended with something other than a success.</summary>
    Failed = 32,

    /// <summary>The client stored its result.</summary>
    Stored = 64,
}
