namespace RemoteExec.Server.Configuration;

/// <summary>A second attempt beside the first, for actions that take far longer than others like them did: whichever ends first counts. Only where nothing waits for the place.</summary>
internal sealed record HedgeOptions : IOptions
{
    /// <summary>How many times the learned time; without it there are no second attempts.</summary>
    public double? Factor { get; init; }

    /// <summary>How long an action runs at least before that.</summary>
    public TimeSpan After { get; init; } = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Factor is { } factor && !(factor >= 1))
            yield return new(nameof(Factor), "must be at least 1");
        if (After <= TimeSpan.Zero)
            yield return new(nameof(After), "must be positive");
    }
}
