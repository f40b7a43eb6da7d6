namespace RemoteExec.Builds.Events;

/// <summary>How much is taken of strangers, and kept of each build.</summary>
public sealed record EventLimits
{
    /// <summary>How many streams may be open at a time; one more ends the one that was silent for longest, whose client comes again.</summary>
    public int OpenStreams { get; init; } = 2000;

    /// <summary>How many events of all streams may be on their way to the disk; more are not read. Each takes some hundred bytes of memory, and 40 KiB at most.</summary>
    public int EventsUnderWay { get; init; } = 4096;

    /// <summary>Of how many streams it is known where they stand; those are forgotten first that were silent for longest.</summary>
    public int KnownStreams { get; init; } = 20_000;

    /// <summary>For how long that is known of a silent one.</summary>
    public TimeSpan StreamMemory { get; init; } = TimeSpan.FromDays(1);

    /// <summary>How many targets of a build are kept; the others are left out.</summary>
    public int Targets { get; init; } = 20_000;

    /// <summary>How many tests of a build are kept; the others are left out.</summary>
    public int Tests { get; init; } = 20_000;

    /// <summary>How many failed actions of a build are kept; of more only their number.</summary>
    public int Failures { get; init; } = 1000;
}
