using RemoteExec.Builds.Events;

namespace RemoteExec.Builds.Records;

/// <summary>A build, and what its actions came to by kind and by target.</summary>
public sealed record BuildDetails
{
    /// <summary>The build.</summary>
    public required BuildSummary Build { get; init; }

    /// <summary>By mnemonic, those with most misses first.</summary>
    public required IReadOnlyList<SumsByName> Mnemonics { get; init; }

    /// <summary>By target, those with most misses first; at most 1,000.</summary>
    public required IReadOnlyList<SumsByName> Targets { get; init; }

    /// <summary>How many targets there are.</summary>
    public required int TargetCount { get; init; }

    /// <summary>How many targets there are of which something came, as the client tells in its events; empty if it sends none.</summary>
    public IReadOnlyList<StatusCount<TargetStatus>> TargetStatuses { get; init; } = [];

    /// <summary>The same of tests.</summary>
    public IReadOnlyList<StatusCount<TestStatus>> TestStatuses { get; init; } = [];

    /// <summary>Actions that failed, as the client tells in its events; at most 100.</summary>
    public IReadOnlyList<FailedAction> FailedActions { get; init; } = [];
}
