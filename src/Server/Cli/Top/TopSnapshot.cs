namespace RemoteExec.Server.Cli.Top;

/// <summary>What a server does at a moment, as far as it tells; what it does not tell is null.</summary>
/// <param name="Server">Where it is.</param>
/// <param name="At">When it was asked.</param>
internal sealed record TopSnapshot(string Server, DateTimeOffset At)
{
    /// <summary>Why it did not answer; null if it did.</summary>
    public string? Problem { get; init; }

    /// <summary>Its version.</summary>
    public string? Version { get; init; }

    /// <summary>When it was started.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>What went on between the look before and this one; null with the first look, after a restart, and where nothing is counted.</summary>
    public TopRates? Rates { get; init; }

    /// <summary>What waits and who works; null where nothing is executed.</summary>
    public TopQueue? Queue { get; init; }

    /// <summary>Builds that made calls lately, or of which something waits or runs, the newest first; null where nothing is written down.</summary>
    public IReadOnlyList<TopBuild>? Builds { get; init; }

    /// <summary>What runs, the longest first; null where nothing is executed.</summary>
    public IReadOnlyList<TopAction>? Running { get; init; }
}
