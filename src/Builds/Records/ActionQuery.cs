namespace RemoteExec.Builds.Records;

/// <summary>Which actions of a build are wanted.</summary>
public sealed record ActionQuery
{
    /// <summary>Those with one of these outcomes; empty for all.</summary>
    public IReadOnlyList<ActionOutcome> Outcomes { get; init; } = [];

    /// <summary>Those of this mnemonic; null for all.</summary>
    public string? Mnemonic { get; init; }

    /// <summary>Those for this target; null for all.</summary>
    public string? Target { get; init; }

    /// <summary>True for those first that took longest; false for the order in which they were heard of.</summary>
    public bool SlowestFirst { get; init; }

    /// <summary>How many at most.</summary>
    public int Limit { get; init; } = 100;

    /// <summary>The cursor that came with the page before; null for the first page.</summary>
    public string? After { get; init; }
}
