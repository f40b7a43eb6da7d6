namespace RemoteExec.Trees.Deploy;

/// <summary>How releases are deployed.</summary>
public sealed record DeployOptions
{
    /// <summary>How many releases are kept if nobody says so.</summary>
    public const int DefaultKeep = 5;

    /// <summary>How many releases are kept.</summary>
    public int Keep { get; init; } = DefaultKeep;

    /// <summary>What is run before and after.</summary>
    public ReleaseHooks Hooks { get; init; } = new(null, null);

    /// <summary>Whether a release is put right in which somebody has changed something.</summary>
    public bool Force { get; init; }

    /// <summary>Whether the end of another process is waited for that changes releases.</summary>
    public bool Waits { get; init; }

    /// <summary>Shows how much has been fetched.</summary>
    public required ProgressOfBytes Progress { get; init; }
}
