using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Cli.Images;

/// <summary>A small file of a recipe.</summary>
internal sealed record RecipeFileOptions : IOptions
{
    private const int MaxCharacters = 64 * 1024;

    /// <summary>Where.</summary>
    public string Path { get; init; } = "";

    /// <summary>What is in it; nothing if it is left out.</summary>
    public string Content { get; init; } = "";

    /// <summary>Whether it can be executed.</summary>
    public bool Executable { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (RecipePath.ProblemWith(Path) is { } problem)
            yield return new(nameof(Path), problem);
        if (Content.Length > MaxCharacters)
            yield return new(nameof(Content), $"is longer than {MaxCharacters} characters: put it into an archive");
    }
}
