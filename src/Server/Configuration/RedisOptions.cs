namespace RemoteExec.Server.Configuration;

/// <summary>Small values in a Redis that servers share: action results. It evicts them itself; see docs/redis.md for how it is set up. While it is down, nothing of it is there.</summary>
internal sealed record RedisOptions : RedisAccessOptions
{
    /// <summary>The longest value that is taken: Redis serves one command after the other, and a long value holds up all others.</summary>
    public ByteSize MaxValueBytes { get; init; } = new(1024 * 1024);

    /// <summary>How long a value stays; without it, until Redis evicts it, which is better: age says little about use.</summary>
    public TimeSpan? Ttl { get; init; }

    /// <inheritdoc/>
    public override IEnumerable<OptionProblem> Validate()
    {
        foreach (OptionProblem problem in base.Validate())
            yield return problem;
        if (MaxValueBytes.Bytes is <= 0 or > 512 * 1024 * 1024)
            yield return new(nameof(MaxValueBytes), "must be positive, and no more than the 512MiB that Redis takes");
        if (Ttl <= TimeSpan.Zero)
            yield return new(nameof(Ttl), "must be positive; leave it out to keep values until they are evicted");
    }
}
