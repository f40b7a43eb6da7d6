namespace RemoteExec.Server.Configuration;

/// <summary>
/// Remembers for a while what a store was found to have, and does not ask again. Only for a store that keeps what it has for longer than that whether it is used or not, one far larger than what a day brings:
/// otherwise what is called present may not be readable.
/// </summary>
internal sealed record ExistenceCacheOptions : StoreOptions
{
    /// <summary>The store.</summary>
    public StoreReference? Store { get; init; }

    /// <summary>How long is remembered that a blob is there.</summary>
    public TimeSpan Ttl { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How many blobs are remembered at most, at about 150 bytes each.</summary>
    public int MaxEntries { get; init; } = 1_000_000;

    /// <inheritdoc/>
    public override IEnumerable<StoreReference> Children => Given(Store);

    /// <inheritdoc/>
    public override IEnumerable<OptionProblem> Validate()
    {
        foreach (OptionProblem problem in Require((nameof(Store), Store)).Concat(RequirePositive((nameof(Ttl), Ttl))))
            yield return problem;
        if (MaxEntries < 1)
            yield return new(nameof(MaxEntries), "must be positive");
    }
}
