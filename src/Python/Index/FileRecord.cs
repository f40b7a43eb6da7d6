namespace RemoteExec.Python.Index;

/// <summary>What an index knows of a file. It stands for one content for good, also while the file is not there.</summary>
/// <param name="Name">The name of the file.</param>
/// <param name="Sha256">The hash of its content, in hexadecimal digits.</param>
/// <param name="Size">How long it is, in bytes.</param>
public sealed record FileRecord(string Name, string Sha256, long Size)
{
    /// <summary>Its version, in its normal form; null for a file of an upstream, whose name says it or does not.</summary>
    public string? Version { get; init; }

    /// <summary>The versions of Python that it is for; null for any.</summary>
    public string? RequiresPython { get; init; }

    /// <summary>The hash of its metadata, which lies beside it; null if none does.</summary>
    public string? MetadataSha256 { get; init; }

    /// <summary>When it was put into the index.</summary>
    public DateTimeOffset Added { get; init; }

    /// <summary>Why it is not to be used any more, which may be no word; null if it may be.</summary>
    public string? Yanked { get; init; }

    /// <summary>The channel that it is a build of; null for none.</summary>
    public string? Channel { get; init; }

    /// <summary>Its number in the channel, for the project.</summary>
    public long Build { get; init; }

    /// <summary>What it was made of.</summary>
    public string? Revision { get; init; }

    /// <summary>The hash of the wheel that it was before it became a build of a channel.</summary>
    public string? BuiltFrom { get; init; }

    /// <summary>True if it was taken away: its name is not given to anything else.</summary>
    public bool Removed { get; init; }
}
