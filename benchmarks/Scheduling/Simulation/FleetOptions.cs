namespace RemoteExec.Benchmarks.Scheduling.Simulation;

/// <summary>How big a simulated fleet is, and what happens to it.</summary>
internal sealed record FleetOptions
{
    /// <summary>How many workers there are; each has one slot.</summary>
    public int Workers { get; init; } = 10_000;

    /// <summary>How many actions there are in all.</summary>
    public int Actions { get; init; } = 1_000_000;

    /// <summary>How many builds they belong to: a few have most of them.</summary>
    public int Builds { get; init; } = 400;

    /// <summary>The time within which the builds begin.</summary>
    public TimeSpan Arrival { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The share of workers that vanish in each minute; half of them come back later, with what they had begun.</summary>
    public double VanishingPerMinute { get; init; } = 0.005;

    /// <summary>How many workers fail at most of what they are given.</summary>
    public int FlakyWorkers { get; init; } = 20;

    /// <summary>When another scheduler takes over.</summary>
    public IReadOnlyList<TimeSpan> FailOvers { get; init; } = [TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(6)];

    /// <summary>Where the random numbers begin.</summary>
    public int Seed { get; init; } = 1;
}
