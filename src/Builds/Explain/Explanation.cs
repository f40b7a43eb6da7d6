namespace RemoteExec.Builds.Explain;

/// <summary>Why an action missed.</summary>
public sealed record Explanation
{
    /// <summary>The action, <c>function:hash/size</c>.</summary>
    public required string Action { get; init; }

    /// <summary>The instance it belongs to.</summary>
    public string Instance { get; init; } = "";

    /// <summary>The build that asked for it, as its client calls it; empty if it said nothing.</summary>
    public string Build { get; init; } = "";

    /// <summary>The target; empty if the client said nothing.</summary>
    public string Target { get; init; } = "";

    /// <summary>What kind of action it is in the build tool's words; empty if the client said nothing.</summary>
    public string Mnemonic { get; init; } = "";

    /// <summary>Its first output; null if it is not known.</summary>
    public string? Output { get; init; }

    /// <summary>When it was asked for.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>How long its command ran, in seconds; 0 if that is not known.</summary>
    public double Seconds { get; init; }

    /// <summary>The first cause, or the root of it where an earlier action of the build is to blame.</summary>
    public required Cause Cause { get; init; }

    /// <summary>What differs in this very action, where <see cref="Cause"/> is that of an earlier one; else null.</summary>
    public Cause? Own { get; init; }

    /// <summary>How the cause came to this action, from the root on; empty if it is this action's own.</summary>
    public IReadOnlyList<CauseStep> Chain { get; init; } = [];

    /// <summary>What else differs, in order of precedence; without those that follow from the first.</summary>
    public IReadOnlyList<Cause> Others { get; init; } = [];

    /// <summary>How much of the two actions could be compared.</summary>
    public ExplanationConfidence Confidence { get; init; }

    /// <summary>The earlier action it was compared with; null if there is none.</summary>
    public EarlierAction? Earlier { get; init; }

    /// <summary>In what it differs from that; null if there is none.</summary>
    public ActionComparison? Difference { get; init; }
}
