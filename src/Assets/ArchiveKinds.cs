using RemoteExec.Images;

namespace RemoteExec.Assets;

/// <summary>What kind of archive something is, by the media type that a client states, else by the end of its URI's path.</summary>
internal static class ArchiveKinds
{
    private static readonly Dictionary<string, ArchiveType> mediaTypes = new(StringComparer.OrdinalIgnoreCase)
    {
        ["application/x-tar"] = ArchiveType.Tar,
        ["application/tar"] = ArchiveType.Tar,
        ["application/gzip"] = ArchiveType.TarGz,
        ["application/x-gzip"] = ArchiveType.TarGz,
        ["application/x-gtar"] = ArchiveType.TarGz,
        ["application/tar+gzip"] = ArchiveType.TarGz,
        ["application/x-xz"] = ArchiveType.TarXz,
        ["application/x-bzip2"] = ArchiveType.TarBz2,
        ["application/zstd"] = ArchiveType.TarZst,
        ["application/zip"] = ArchiveType.Zip,
        ["application/vnd.debian.binary-package"] = ArchiveType.Deb,
    };

    /// <summary>All that is known, for messages.</summary>
    public static string Known { get; } = $"{string.Join(", ", mediaTypes.Keys.Order(StringComparer.Ordinal))}; {ArchiveTypes.Known}";

    /// <summary>The kind; null if nothing tells it.</summary>
    public static ArchiveType? Of(string resourceType, Uri uri) => resourceType.Length > 0
        ? mediaTypes.TryGetValue(resourceType, out ArchiveType type) ? type : ArchiveTypes.Parse(resourceType)
        : ArchiveTypes.Guess(uri.AbsolutePath);
}
