using RemoteExec.Python.Index;

namespace RemoteExec.Python.Pages;

/// <summary>A file as pages of an index tell of it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Url">Where it is: absolute, or relative to the page.</param>
/// <param name="Sha256">The hash of its content, in hexadecimal digits.</param>
public sealed record PageFile(string Name, string Url, string Sha256)
{
    /// <summary>The versions of Python that it is for; null for any.</summary>
    public string? RequiresPython { get; init; }

    /// <summary>The hash of its metadata, which is where the file is, with <c>.metadata</c> behind; null if it is not.</summary>
    public string? MetadataSha256 { get; init; }

    /// <summary>Why it is not to be used any more, which may be no word; null if it may be.</summary>
    public string? Yanked { get; init; }

    /// <summary>How long it is, in bytes; null if that is not known.</summary>
    public long? Size { get; init; }

    /// <summary>When it was put there; null if that is not known.</summary>
    public DateTimeOffset? Added { get; init; }

    /// <summary>A file of an index, where the index serves it.</summary>
    public static PageFile Of(FileRecord record, string url) => new(record.Name, url, record.Sha256)
    {
        RequiresPython = record.RequiresPython,
        MetadataSha256 = record.MetadataSha256,
        Yanked = record.Yanked,
        Size = record.Size,
        Added = record.Added,
    };
}
