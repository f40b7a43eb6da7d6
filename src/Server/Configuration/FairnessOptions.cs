namespace RemoteExec.Server.Configuration;

/// <summary>Who gets how much of the workers when there is not enough for all: tenants by weight, in each its builds alike.</summary>
internal sealed record FairnessOptions : IOptions
{
    /// <summary>
    /// Weights of tenants by instance name, which hold for the instances below as well, taken together: <c>team: 2</c> gets twice as much as another. The weight of all others is 1, each
    /// instance for itself.
    /// </summary>
    public IReadOnlyDictionary<string, double> Tenants { get; init; } = new Dictionary<string, double>();

    /// <summary>How much more the interactive builds of a tenant get than its batch builds, while both have something to run.</summary>
    public double InteractiveWeight { get; init; } = 20;

    /// <summary>Which builds are interactive and which are batch: the first rule that fits decides; without one a build is interactive.</summary>
    public IReadOnlyList<BuildRuleOptions> Rules { get; init; } = [];

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        foreach ((string name, double weight) in Tenants)
        {
            if (!(weight > 0) || double.IsInfinity(weight))
                yield return new(nameof(Tenants), $"'{name}' has a weight of {weight}; it must be positive");
        }

        if (!(InteractiveWeight >= 1) || double.IsInfinity(InteractiveWeight))
            yield return new(nameof(InteractiveWeight), "must be at least 1");
    }
}
