namespace RemoteExec.Server.Configuration;

/// <summary>
/// Equal stores, each of which keeps everything: what one has is there. The first within reach answers, what it lacks is found in the others and copied to it; a write succeeds if one took it, and the others
/// get it once they are back.
/// </summary>
internal sealed record MirrorOptions : StoreOptions
{
    /// <summary>The stores, two at least, the one that is to be read from first.</summary>
    public IReadOnlyList<StoreReference> Stores { get; init; } = [];

    /// <summary>
    /// How long a store may take for a look-up, for opening, and for each piece that is read or written, before it counts as out of reach. Without it, 5s, and as long as what it is
    /// made of may take itself: 10s for another server with a `patience` of 0s, 25s for a mirror of two such.
    /// </summary>
    public TimeSpan? Timeout { get; init; }

    /// <inheritdoc/>
    public override IEnumerable<StoreReference> Children => Stores;

    /// <inheritdoc/>
    public override IEnumerable<OptionProblem> Validate()
    {
        if (Stores.Count < 2)
            yield return new(nameof(Stores), "must be two at least");
        foreach (OptionProblem problem in RequirePositive((nameof(Timeout), Timeout ?? TimeSpan.MaxValue)))
            yield return problem;
    }
}
