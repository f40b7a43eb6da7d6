namespace RemoteExec.Python.Serving;

/// <summary>How long files of an index stay that nobody uses.</summary>
public sealed record RetentionOptions
{
    /// <summary>Builds of channels, but for the newest one of each project, and what came from an upstream: so long after they were used last.</summary>
    public TimeSpan Unused { get; init; } = TimeSpan.FromDays(30);

    /// <summary>All else: so long after it was put there; null for ever.</summary>
    public TimeSpan? Releases { get; init; }
}
