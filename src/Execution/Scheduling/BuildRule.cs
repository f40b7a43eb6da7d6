namespace RemoteExec.Execution.Scheduling;

/// <summary>Says of some builds that they are interactive, or batch. It fits if all that it names does; one that names nothing fits all.</summary>
public sealed record BuildRule
{
    /// <summary>What the builds are.</summary>
    public BuildClass Class { get; init; }

    /// <summary>The instance, or one above it; null for any.</summary>
    public string? Instance { get; init; }

    /// <summary>The name of the client, as in its request metadata (<c>bazel</c>); null for any.</summary>
    public string? Tool { get; init; }

    /// <summary>The least priority number, which is to say the greatest urgency (EXE-16); null for any.</summary>
    public int? MinPriority { get; init; }

    /// <summary>The greatest priority number; null for any.</summary>
    public int? MaxPriority { get; init; }

    /// <summary>True if it says something of such a build.</summary>
    internal bool Fits(string instance, int priority, string tool) =>
        (Instance is null || instance == Instance || instance.StartsWith(Instance + "/", StringComparison.Ordinal))
        && (Tool is null || tool == Tool)
        && !(priority < MinPriority) && !(priority > MaxPriority);
}
