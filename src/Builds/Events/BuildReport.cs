namespace RemoteExec.Builds.Events;

/// <summary>What the client says of a build itself, in its events. Texts are empty, and other things null, where it does not say.</summary>
public sealed record BuildReport
{
    /// <summary>How the build is.</summary>
    public required BuildStatus Status { get; init; }

    /// <summary>The client's exit code; null until it has ended.</summary>
    public required int? ExitCode { get; init; }

    /// <summary>The exit code's name: <c>SUCCESS</c>, <c>TESTS_FAILED</c>.</summary>
    public required string ExitName { get; init; }

    /// <summary>The command: <c>build</c>, <c>test</c>.</summary>
    public required string Command { get; init; }

    /// <summary>What was to be built.</summary>
    public required IReadOnlyList<string> Patterns { get; init; }

    /// <summary>Who builds.</summary>
    public required string User { get; init; }

    /// <summary>On which machine.</summary>
    public required string Host { get; init; }

    /// <summary>In which directory there.</summary>
    public required string Workspace { get; init; }

    /// <summary>Words that the client has for it.</summary>
    public required IReadOnlyList<string> Keywords { get; init; }

    /// <summary>When it began, by the client's clock.</summary>
    public required DateTimeOffset? Started { get; init; }

    /// <summary>When it ended, by the client's clock.</summary>
    public required DateTimeOffset? Finished { get; init; }

    /// <summary>How long it took; by its begin and its end, if the client does not say more.</summary>
    public required double? WallSeconds { get; init; }

    /// <summary>How long the longest chain of actions took that had to wait for each other.</summary>
    public required double? CriticalPathSeconds { get; init; }

    /// <summary>The first thing that went wrong and is no target's: a pattern that fits nothing, a package that can't be read.</summary>
    public required string Problem { get; init; }

    /// <summary>How many targets could not be built.</summary>
    public required long FailedTargets { get; init; }

    /// <summary>How many tests did not pass.</summary>
    public required long FailedTests { get; init; }

    /// <summary>How many of its targets are known.</summary>
    public required long Targets { get; init; }

    /// <summary>How many of its tests are known.</summary>
    public required long Tests { get; init; }

    /// <summary>How many actions have failed.</summary>
    public required long FailedActions { get; init; }

    /// <summary>True if it had so many targets, tests or failed actions that not all of them were kept.</summary>
    public required bool HasMore { get; init; }
}
