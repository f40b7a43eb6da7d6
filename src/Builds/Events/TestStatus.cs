namespace RemoteExec.Builds.Events;

/// <summary>What came of a test, with the numbers of Bazel's events.</summary>
public enum TestStatus
{
    /// <summary>Nothing is known.</summary>
    NoStatus,

    /// <summary>It passed.</summary>
    Passed,

    /// <summary>It failed, and passed when it was tried again.</summary>
    Flaky,

    /// <summary>It took too long.</summary>
    Timeout,

    /// <summary>It failed.</summary>
    Failed,

    /// <summary>It did not run to its end.</summary>
    Incomplete,

    /// <summary>It could not be run where it was to run.</summary>
    RemoteFailure,

    /// <summary>It could not be built.</summary>
    FailedToBuild,

    /// <summary>The build ended before it.</summary>
    ToolHaltedBeforeTesting,
}
