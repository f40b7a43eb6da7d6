namespace RemoteExec.Images.Archives;

/// <summary>What an archive says of one name.</summary>
/// <param name="Name">The name, as it stands there.</param>
/// <param name="Kind">What it is.</param>
internal sealed record ArchiveEntry(string Name, ArchiveEntryKind Kind)
{
    /// <summary>Its mode.</summary>
    public UnixFileMode Mode { get; init; }

    /// <summary>What a symlink says; the name of the file that a hard link is.</summary>
    public string Target { get; init; } = "";

    /// <summary>A file's length in bytes.</summary>
    public long Length { get; init; }

    /// <summary>A file's content, until the next entry is asked for; null if it is empty.</summary>
    public Stream? Content { get; init; }

    /// <summary>What it is, in words, if it can't be in an image.</summary>
    public string Description { get; init; } = "";
}
