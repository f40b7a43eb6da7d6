using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Cli.Images;

/// <summary>A symlink of a recipe.</summary>
internal sealed record RecipeSymlinkOptions : IOptions
{
    /// <summary>Where.</summary>
    public string Path { get; init; } = "";

    /// <summary>What it says.</summary>
    public string Target { get; init; } = "";

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (RecipePath.ProblemWith(Path) is { } problem)
            yield return new(nameof(Path), problem);
        if (Target.Length == 0 || Target.Contains('\0'))
            yield return new(nameof(Target), "is missing: write where the symlink leads");
    }
}
