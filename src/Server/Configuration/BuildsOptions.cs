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

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (QuietTime < TimeSpan.Zero)
            yield return new(nameof(QuietTime), "must not be negative");
        if (Percent is < 0 or > 75)
            yield return new(nameof(Percent), "must be between 0 and 75");
    }
}
