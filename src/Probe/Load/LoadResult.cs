namespace RemoteExec.Probe.Load;

/// <summary>What came of a mix.</summary>
public sealed record LoadResult
{
    /// <summary>The mix.</summary>
    public required LoadMix Mix { get; init; }

    /// <summary>How long calls were counted.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>How long calls that succeeded took.</summary>
    public required LatencyHistogram Times { get; init; }

    /// <summary>The content that they carried, in bytes.</summary>
    public required long Bytes { get; init; }

    /// <summary>How many calls failed.</summary>
    public required long Failures { get; init; }

    /// <summary>Why the first of them did; null if none did.</summary>
    public string? FirstFailure { get; init; }

    /// <summary>Calls that succeeded, a second.</summary>
    public double PerSecond => Elapsed > TimeSpan.Zero ? Times.Count / Elapsed.TotalSeconds : 0;

    /// <summary>Millions of bytes of content a second.</summary>
    public double MegabytesPerSecond => Elapsed > TimeSpan.Zero ? Bytes / 1e6 / Elapsed.TotalSeconds : 0;
}
