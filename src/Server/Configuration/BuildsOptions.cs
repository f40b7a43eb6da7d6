namespace RemoteExec.Server.Configuration;

/// <summary>
/// Builds under way: what one of them has touched (read, written, or looked up) is not evicted, so that a client that leaves outputs on the server finds them to the end. Builds are told
/// apart by the <c>tool_invocation_id</c> of their calls. Calls that name none count together as one, and what such a client only uploads is not kept. A server that starts again knows
/// of no build before its next call.
/// </summary>
internal sealed record BuildsOptions : IOptions
{
    /// <summary>
    /// How long after its last call a build counts as ended: longer than it may be silent while it runs something by itself. Bazel takes it for granted that what it has seen is
    /// there for three hours (<c>--experimental_remote_cache_ttl</c>). 0 keeps nothing for builds.
    /// </summary>
    public TimeSpan QuietTime { get; init; } = TimeSpan.FromHours(3);

    /// <summary>
    /// How much of each store on disk may be kept for builds, in percent, at most 75. If they touch more, what was only written is given up first, then what the oldest build used;
    /// the log tells.
    /// </summary>
    public int Percent { get; init; } = 50;

    /// <summary>For how long it is kept what builds did: their actions, hits and misses, bytes and times.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(30);

    /// <summary>
    /// How long the file may get in which that is kept, <c>builds.db</c> in the data directory; the builds go first that were last seen longest ago. 100,000 actions take 10 MiB.
    /// <c>explain.db</c>, which says why actions missed, may get about as long once more. 0 if nothing is to be written down.
    /// </summary>
    public ByteSize MaxBytes { get; init; } = ByteSize.GiB(1);

    /// <summary>
    /// Whether clients may tell of their builds themselves, event by event: how they ended, who builds, targets and tests (the Build Event Service; Bazel's <c>--bes_backend</c>). Only where builds
    /// are written down at all.
    /// </summary>
    public bool Events { get; init; } = true;

    /// <summary>The other servers that builds use as well; without it, each server tells of the calls that came to itself.</summary>
    public BuildsSharedOptions? Shared { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Shared is not null && MaxBytes.Bytes == 0)
            yield return new(nameof(Shared), "is set, but maxBytes is 0: nothing is written down that could be shared");
        if (Retention <= TimeSpan.Zero)
            yield return new(nameof(Retention), "must be positive");
        if (MaxBytes.Bytes is > 0 and < 1 << 20)
            yield return new(nameof(MaxBytes), "must be at least 1MiB, or 0");
        if (QuietTime < TimeSpan.Zero)
            yield return new(nameof(QuietTime), "must not be negative");
        if (Percent is < 0 or > 75)
            yield return new(nameof(Percent), "must be between 0 and 75");
    }
}
