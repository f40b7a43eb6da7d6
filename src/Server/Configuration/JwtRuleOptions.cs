namespace RemoteExec.Server.Configuration;

/// <summary>What bearers of some tokens may do.</summary>
internal sealed record JwtRuleOptions : IOptions
{
    /// <summary>
    /// The claim that is looked at, as <c>groups</c>; with dots, one inside others, as <c>realm_access.roles</c>. Without one, every token of the issuer gets the role: with an issuer that serves
    /// others too, that is everybody in the world.
    /// </summary>
    public string? Claim { get; init; }

    /// <summary>What it has to be, or one of its values: a <c>*</c> stands for anything.</summary>
    public string? Value { get; init; }

    /// <summary>The role.</summary>
    public string? Role { get; init; }

    /// <summary>The instances in which the role holds, and in those below them: <c>*</c> for all, <c>/</c> for the one without a name.</summary>
    public IReadOnlyList<string> Instances { get; init; } = ["*"];

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Role is null)
            yield return new(nameof(Role), "is missing: what may those do whose tokens fit?");
        if (Claim is null != Value is null)
            yield return new(Claim is null ? nameof(Claim) : nameof(Value), "is missing: claim and value go together; '*' as value takes any");
        if (Instances.Count == 0)
            yield return new(nameof(Instances), "is empty: name instances, or leave it out for all");
        foreach (OptionProblem problem in AuthOptions.CheckInstances(nameof(Instances), Instances))
            yield return problem;
    }
}
