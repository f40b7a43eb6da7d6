using RemoteExec.Protocol.Access;

namespace RemoteExec.Server.Configuration;

/// <summary>A role: what who has it may do, and where.</summary>
internal sealed record RoleOptions : IOptions
{
    /// <summary>What it may do: out of <c>read-cas</c>, <c>write-cas</c>, <c>read-ac</c>, <c>write-ac</c>, <c>execute</c>, <c>work</c>, <c>operate</c>, <c>impersonate</c> and <c>admin</c>.</summary>
    public IReadOnlyList<string> Rights { get; init; } = [];

    /// <summary>In which instances, each with those below it; <c>*</c> for all, <c>/</c> for the nameless one.</summary>
    public IReadOnlyList<string> Instances { get; init; } = ["*"];

    /// <summary>The same as grants; valid options only.</summary>
    public IReadOnlyList<Grant> ToGrants()
    {
        Right rights = Rights.Aggregate(Right.None, (sum, name) => RightNames.TryParse(name, out Right right, out _) ? sum | right : sum);
        return [.. AuthOptions.ScopesOf(Instances).Select(scope => new Grant(rights, scope))];
    }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Rights.Count == 0)
            yield return new(nameof(Rights), $"is empty: a role has rights out of {string.Join(", ", RightNames.All)}");
        foreach (string name in Rights)
        {
            if (!RightNames.TryParse(name, out _, out string? error))
                yield return new(nameof(Rights), error);
        }

        if (Instances.Count == 0)
            yield return new(nameof(Instances), "is empty: name instances, or leave it out for all");
        foreach (OptionProblem problem in AuthOptions.CheckInstances(nameof(Instances), Instances))
            yield return problem;
    }
}
