namespace RemoteExec.Server.Configuration;

/// <summary>
/// Makes what is written down of builds that of several servers: each tells the others what came to it, so that any of them shows the builds of all, and explains misses by what all have seen. All of
/// them need it, with the same Redis. docs/builds.md says what happens while that is away.
/// </summary>
internal sealed record BuildsSharedOptions : IOptions
{
    /// <summary>The Redis.</summary>
    public BuildsRedisOptions? Redis { get; init; }

    /// <summary>
    /// How much Redis keeps for servers that were away: of records about so much, and of explanations as much once more, for a day at most. A server that was away for longer lacks what was dropped
    /// meanwhile, and says so.
    /// </summary>
    public ByteSize MaxBytes { get; init; } = new(128 << 20);

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Redis is null)
            yield return new(nameof(Redis), "is missing: say where it is, as in redis: { endpoints: \"host:6379\" }");
        if (MaxBytes.Bytes < 1 << 20)
            yield return new(nameof(MaxBytes), "must be at least 1MiB");
    }
}
