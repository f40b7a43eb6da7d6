namespace RemoteExec.Images;

/// <summary>An archive of a recipe: where it is, what it has to be, and what of it goes where.</summary>
public sealed record RecipeArchive
{
    /// <summary>What people call it, in conflicts and errors: the last part of its path.</summary>
    public string Name => Url is null ? System.IO.Path.GetFileName(Path) : Uri.UnescapeDataString(Url.Segments[^1]);

    /// <summary>The file that it is; empty if it is elsewhere.</summary>
    public string Path { get; init; } = "";

    /// <summary>Where it is to be fetched from, by http or https; null if it is a file.</summary>
    public Uri? Url { get; init; }

    /// <summary>The SHA-256 of the archive itself, in lower-case hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>What kind of archive it is.</summary>
    public required ArchiveType Type { get; init; }

    /// <summary>The directory of the image into which it is unpacked; empty for the root.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>How many leading segments its names lose; what has no more than these is left out.</summary>
    public int Strip { get; init; }

    /// <summary>What is left out, with all that is beneath it: patterns for paths in the image (<see cref="PathPattern"/>).</summary>
    public IReadOnlyList<PathPattern> Exclude { get; init; } = [];

    /// <summary>Whether its files may take the place of directories, and the reverse.</summary>
    public bool Replace { get; init; }
}
