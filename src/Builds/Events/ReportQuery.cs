namespace RemoteExec.Builds.Events;

/// <summary>Which targets or tests of a build are wanted: those that fulfil all of it, those first of which worse came.</summary>
/// <typeparam name="TStatus">What may come of one.</typeparam>
public sealed record ReportQuery<TStatus>
    where TStatus : struct, Enum
{
    /// <summary>Those alone of which one of these came; empty for all.</summary>
    public IReadOnlyList<TStatus> Statuses { get; init; } = [];

    /// <summary>Those alone whose label has this in it; null for all.</summary>
    public string? Label { get; init; }

    /// <summary>How many at most.</summary>
    public int Limit { get; init; } = 100;

    /// <summary>The cursor that came with the page before; null for the first page.</summary>
    public string? After { get; init; }
}
