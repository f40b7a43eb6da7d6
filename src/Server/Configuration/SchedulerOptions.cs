namespace RemoteExec.Server.Configuration;

/// <summary>The scheduler: what becomes of what waits when it stops, and whether others can take its place. docs/scheduling.md tells how.</summary>
internal sealed record SchedulerOptions : IOptions
{
    /// <summary>
    /// Who takes over when a server is gone: `none`, nobody, but the same server goes on after a restart; `redis`, any other of those that share a Redis, within seconds.
    /// </summary>
    public SchedulerAvailability Ha { get; init; } = SchedulerAvailability.None;

    /// <summary>The Redis that they share, for `ha: redis`.</summary>
    public SchedulerRedisOptions? Redis { get; init; }

    /// <summary>Whether this server may become the active scheduler; without, it only carries calls on to the one that is. For `ha: redis`.</summary>
    public bool Candidate { get; init; } = true;

    /// <summary>Where the other servers reach this one, for `ha: redis`.</summary>
    public AdvertiseOptions Advertise { get; init; } = new();

    /// <summary>How servers show each other who they are, for `ha: redis`.</summary>
    public PeersOptions Peers { get; init; } = new();

    /// <summary>Whether what waits and runs is written down in the data directory, for the next start. For `ha: none`.</summary>
    public bool Journal { get; init; } = true;

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Ha == SchedulerAvailability.Redis && Redis is null)
            yield return new(nameof(Redis), "is missing: say where it is, as in redis: { endpoints: \"host:6379\" }");
        if (Ha == SchedulerAvailability.None && Redis is not null)
            yield return new(nameof(Redis), "is set, but ha is not redis");
        if (Ha == SchedulerAvailability.None && !Candidate)
            yield return new(nameof(Candidate), "is false, but ha is not redis: nobody else could be the scheduler");
    }
}
