using RemoteExec.Images;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Cli.Images;

/// <summary>An archive of a recipe.</summary>
internal sealed record RecipeArchiveOptions : IOptions
{
    /// <summary>The file that it is, relative to the recipe.</summary>
    public string Path { get; init; } = "";

    /// <summary>Where it is to be fetched from.</summary>
    public string Url { get; init; } = "";

    /// <summary>The SHA-256 of the archive.</summary>
    public string Sha256 { get; init; } = "";

    /// <summary>What kind it is; told by its name if it is left out.</summary>
    public string Type { get; init; } = "";

    /// <summary>The directory of the image that it is unpacked into.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>How many leading segments its names lose.</summary>
    public int Strip { get; init; }

    /// <summary>Patterns for what is left out.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>Whether its files may take the place of directories, and the reverse.</summary>
    public bool Replace { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Path.Length == 0 == (Url.Length == 0))
            yield return new("", "an archive has either a 'path' or a 'url'");
        if (Url.Length > 0 && ParseUrl() is null)
            yield return new(nameof(Url), $"'{Url}' is none that can be fetched: it begins with https://, http:// or file://");
        if (Sha256.Length == 0)
            yield return new("", "'sha256' is missing: write the checksum of the archive, as sha256sum prints it");
        else if (Sha256.Length != 64 || !Sha256.All(char.IsAsciiHexDigitLower))
            yield return new(nameof(Sha256), $"'{Sha256}' is no sha256: it has 64 digits out of 0-9 and a-f");
        if (ParseType() is null)
            yield return new(Type.Length > 0 ? nameof(Type) : "", Type.Length > 0 ? $"'{Type}' is none of {ArchiveTypes.Known}" : $"its name does not tell what kind of archive it is: write 'type:' and one of {ArchiveTypes.Known}");
        if (Prefix.Length > 0 && RecipePath.ProblemWith(Prefix) is { } problem)
            yield return new(nameof(Prefix), problem);
        if (Strip < 0)
            yield return new(nameof(Strip), "can't be negative");
        if (Exclude.FirstOrDefault(pattern => pattern.StartsWith('/') || pattern.EndsWith('/')) is { } bad)
            yield return new(nameof(Exclude), $"'{bad}' fits nothing: patterns are for paths in the image, without a slash at either end");
    }

    /// <summary>The archive, if there is nothing wrong with it.</summary>
    /// <param name="directory">What paths are relative to.</param>
    public RecipeArchive ToArchive(string directory)
    {
        Uri? url = ParseUrl();
        return new RecipeArchive
        {
            Path = url is null ? System.IO.Path.GetFullPath(Path, directory) : url.IsFile ? url.LocalPath : "",
            Url = url is { IsFile: false } ? url : null,
            Sha256 = Sha256,
            Type = ParseType()!.Value,
            Prefix = Prefix,
            Strip = Strip,
            Exclude = [.. Exclude.Select(pattern => new PathPattern(pattern))],
            Replace = Replace,
        };
    }

    private Uri? ParseUrl() =>
        Uri.TryCreate(Url, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https" or "file" && Url.Contains("://", StringComparison.Ordinal) ? url : null;

    private ArchiveType? ParseType() => Type.Length > 0 ? ArchiveTypes.Parse(Type) : ArchiveTypes.Guess(ParseUrl()?.AbsolutePath ?? Path);
}
