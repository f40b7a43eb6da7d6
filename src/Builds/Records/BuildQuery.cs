using RemoteExec.Builds.Events;

namespace RemoteExec.Builds.Records;

/// <summary>Which builds are wanted: those that fulfil all of it, the newest first.</summary>
public sealed record BuildQuery
{
    /// <summary>Those of this tool; null for all.</summary>
    public string? Tool { get; init; }

    /// <summary>Those of this instance; null for all.</summary>
    public string? Instance { get; init; }

    /// <summary>Those that were seen at this time or later; null for all.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>True for those alone that had an action which failed.</summary>
    public bool HasFailed { get; init; }

    /// <summary>Those of this user, as their clients say; null for all.</summary>
    public string? User { get; init; }

    /// <summary>Those that are so, as their clients say; null for all, among them those of which nobody says it.</summary>
    public BuildStatus? Status { get; init; }

    /// <summary>How many at most.</summary>
    public int Limit { get; init; } = 50;

    /// <summary>The cursor that came with the page before; null for the first page.</summary>
    public string? After { get; init; }
}
