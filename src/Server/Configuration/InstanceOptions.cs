namespace RemoteExec.Server.Configuration;

/// <summary>What holds for an instance, and for those below it as far as nothing else is said of them.</summary>
internal sealed record InstanceOptions : IOptions
{
    /// <summary>The store of its blobs; without one, see <c>maxSize</c>.</summary>
    public StoreReference? Cas { get; init; }

    /// <summary>The store of its results; without one, see <c>maxSize</c>.</summary>
    public StoreReference? ActionCache { get; init; }

    /// <summary>
    /// Its quota: how much of the disk it may use, in segments of its own in the data directory, where it drives out nothing but its own. Without it, and without stores, it shares
    /// those of the instance above, or of the server.
    /// </summary>
    public StoreSize? MaxSize { get; init; }

    /// <summary>Whether clients can only read: nothing can be uploaded and nothing executed.</summary>
    public bool? ReadOnly { get; init; }

    /// <summary>Whether clients may store results; without it, as <c>actionCache.updates</c> says.</summary>
    public bool? Updates { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (MaxSize is { IsZero: true })
            yield return new(nameof(MaxSize), "must be positive");
        if (MaxSize is not null && Cas is not null && ActionCache is not null)
            yield return new(nameof(MaxSize), "has no meaning where both stores are given: they have bounds of their own");
    }
}
