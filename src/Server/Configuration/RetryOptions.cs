namespace RemoteExec.Server.Configuration;

/// <summary>Repeats what a store could not do because it was out of reach: look-ups, opening, reads from where they stood, and writes of up to 1 MiB.</summary>
internal sealed record RetryOptions : StoreOptions
{
    /// <summary>The store.</summary>
    public StoreReference? Store { get; init; }

    /// <summary>How often something is tried in all.</summary>
    public int Attempts { get; init; } = 3;

    /// <summary>How long is waited before the second attempt; before each further one twice as long.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <inheritdoc/>
    public override IEnumerable<StoreReference> Children => Given(Store);

    /// <inheritdoc/>
    public override IEnumerable<OptionProblem> Validate()
    {
        foreach (OptionProblem problem in Require((nameof(Store), Store)).Concat(RequirePositive((nameof(Pause), Pause))))
            yield return problem;
        if (Attempts is < 2 or > 20)
            yield return new(nameof(Attempts), "must be between 2 and 20");
    }
}
