using RemoteExec.Builds.Records;
using RemoteExec.Builds.Sharing;

namespace RemoteExec.Server.Api;

/// <summary>What all actions came to over some time.</summary>
internal sealed record BuildStats
{
    /// <summary>From when on.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>What they came to together.</summary>
    public required ActionSums Total { get; init; }

    /// <summary>What they came to by hour or by day of UTC, the earliest first; those without any are left out.</summary>
    public required IReadOnlyList<PeriodSums> Periods { get; init; }

    /// <summary>How many calls are in none of it, because there were too many at a time, since the server was started.</summary>
    public required long DroppedCalls { get; init; }

    /// <summary>How many actions were not looked at to explain misses, because too many waited, since the server was started.</summary>
    public required long DroppedSightings { get; init; }

    /// <summary>How sharing with other servers goes; null if nothing is shared, and all of it is of this server alone.</summary>
    public SharingStatus? Sharing { get; init; }
}
