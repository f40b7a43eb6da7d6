namespace RemoteExec.Cas.Composition;

/// <summary>How a <see cref="FastSlowStore"/> behaves.</summary>
public sealed record FastSlowStoreOptions
{
    /// <summary>The name in errors and in the log.</summary>
    public required string Name { get; init; }

    /// <summary>What is written to the slow tier.</summary>
    public SlowWrites SlowWrites { get; init; } = SlowWrites.Required;

    /// <summary>What it means that the slow tier is out of reach.</summary>
    public SlowDown SlowDown { get; init; } = SlowDown.Missing;

    /// <summary>How long the slow tier may take for a look-up, for opening, and for each piece.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);
}
