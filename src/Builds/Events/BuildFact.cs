namespace RemoteExec.Builds.Events;

/// <summary>What an event tells of a build. Texts are cut to a length that is fit to be kept; what is not told is empty or null. Times are milliseconds, points of time since 1970.</summary>
internal abstract record BuildFact
{
    /// <summary>The client has begun.</summary>
    internal sealed record Started(string Command, string Version, string Workspace, string User, string Host, long? At) : BuildFact;

    /// <summary>Who builds, and where.</summary>
    internal sealed record Placed(string User, string Host) : BuildFact;

    /// <summary>What is to be built, a pattern to each line.</summary>
    internal sealed record Asked(string Patterns) : BuildFact;

    /// <summary>A target was analysed.</summary>
    internal sealed record TargetKnown(string Label, string Kind) : BuildFact;

    /// <summary>A target is done with, in one configuration.</summary>
    internal sealed record TargetEnded(string Label, TargetStatus Status, string Problem) : BuildFact;

    /// <summary>A test was run once. Runs, shards and attempts are numbered from 1.</summary>
    internal sealed record TestRan(string Label, TestStatus Status, int Run, int Shard, int Attempt, bool IsCachedLocally, bool IsCachedRemotely, long Took, string Log) : BuildFact;

    /// <summary>A test is done with.</summary>
    internal sealed record TestEnded(string Label, TestStatus Status, int Runs, int Shards, int Attempts) : BuildFact;

    /// <summary>An action failed. The last two are where what it wrote can be read, as the client has it.</summary>
    internal sealed record ActionFailed(string Label, string Mnemonic, int ExitCode, string Output, string Stdout, string Stderr) : BuildFact;

    /// <summary>Something came to nothing that is no target: a pattern, a package.</summary>
    internal sealed record Hindered(string Problem) : BuildFact;

    /// <summary>How long it took.</summary>
    internal sealed record Measured(long? Wall, long? CriticalPath) : BuildFact;

    /// <summary>How the command ended.</summary>
    internal sealed record Finished(int ExitCode, string ExitName, long? At) : BuildFact;

    /// <summary>How it ended, as was told beside the tool's own stream: a <c>BuildStatus.Result</c>.</summary>
    internal sealed record Concluded(int Result) : BuildFact;
}
