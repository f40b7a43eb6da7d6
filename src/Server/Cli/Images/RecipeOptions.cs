using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Cli.Images;

/// <summary>A recipe, as it is written.</summary>
internal sealed record RecipeOptions : IOptions
{
    /// <summary>Directories to make.</summary>
    public IReadOnlyList<string> Directories { get; init; } = [];

    /// <summary>Symlinks to make.</summary>
    public IReadOnlyList<RecipeSymlinkOptions> Symlinks { get; init; } = [];

    /// <summary>Archives to unpack, in order.</summary>
    public IReadOnlyList<RecipeArchiveOptions> Archives { get; init; } = [];

    /// <summary>Files to make.</summary>
    public IReadOnlyList<RecipeFileOptions> Files { get; init; } = [];

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Directories.Count + Symlinks.Count + Archives.Count + Files.Count == 0)
            yield return new("", "there is nothing in the recipe: write 'archives:' and a list");
        foreach (string? problem in Directories.Select(RecipePath.ProblemWith).OfType<string>())
            yield return new(nameof(Directories), problem);
    }
}
