namespace RemoteExec.Images;

/// <summary>
/// What an image is made of. Directories and symlinks come first, so that what archives have is put behind them; then the archives, in their order; then the files.
/// </summary>
public sealed record ImageRecipe
{
    /// <summary>Directories to make, as paths in the image.</summary>
    public IReadOnlyList<string> Directories { get; init; } = [];

    /// <summary>Symlinks to make.</summary>
    public IReadOnlyList<RecipeSymlink> Symlinks { get; init; } = [];

    /// <summary>Archives; a later one wins over an earlier one.</summary>
    public IReadOnlyList<RecipeArchive> Archives { get; init; } = [];

    /// <summary>Small files; they win over all archives.</summary>
    public IReadOnlyList<RecipeFile> Files { get; init; } = [];
}
