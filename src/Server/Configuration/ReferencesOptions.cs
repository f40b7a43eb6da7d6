namespace RemoteExec.Server.Configuration;

/// <summary>
/// References: names for directories and blobs, which are kept from eviction as long as something names them. They are in <c>references.db</c> in the data directory, of this server alone, unless they are
/// in a Redis.
/// </summary>
internal sealed record ReferencesOptions : IOptions
{
    /// <summary>Where references are that several servers share. All servers that clients use need it, with the same Redis.</summary>
    public ReferencesRedisOptions? Redis { get; init; }

    /// <summary>How often what references name is used, for stores not to evict it. Less often costs less; more often than the cache is written through once.</summary>
    public TimeSpan KeepInterval { get; init; } = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (KeepInterval < TimeSpan.FromSeconds(1))
            yield return new(nameof(KeepInterval), "must be at least 1s");
    }
}
