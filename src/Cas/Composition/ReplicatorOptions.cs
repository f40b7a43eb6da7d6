namespace RemoteExec.Cas.Composition;

/// <summary>The bounds of a <see cref="Replicator"/>.</summary>
public sealed record ReplicatorOptions
{
    /// <summary>Whose copies these are, in the log.</summary>
    public required string Name { get; init; }

    /// <summary>How many copies may wait, those under way among them: about 100 bytes each.</summary>
    public int MaxPending { get; init; } = 100_000;

    /// <summary>How many are made at a time.</summary>
    public int MaxConcurrent { get; init; } = 8;

    /// <summary>How many bytes all values together may have that are copied at a time; one that is longer is copied alone.</summary>
    public long MaxBytesInFlight { get; init; } = 64 * 1024 * 1024;
}
