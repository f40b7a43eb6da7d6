namespace RemoteExec.Images;

/// <summary>How kinds of archives are written in recipes and at the end of file names.</summary>
public static class ArchiveTypes
{
    private static readonly (string Name, ArchiveType Type)[] names =
    [
        ("tar", ArchiveType.Tar), ("tar.gz", ArchiveType.TarGz), ("tgz", ArchiveType.TarGz), ("tar.xz", ArchiveType.TarXz), ("txz", ArchiveType.TarXz),
        ("tar.bz2", ArchiveType.TarBz2), ("tbz2", ArchiveType.TarBz2),
        ("tar.zst", ArchiveType.TarZst), ("tzst", ArchiveType.TarZst), ("deb", ArchiveType.Deb), ("whl", ArchiveType.Whl), ("zip", ArchiveType.Zip),
    ];

    /// <summary>All names, for messages.</summary>
    public static string Known { get; } = string.Join(", ", Enum.GetValues<ArchiveType>().Select(Name));

    /// <summary>The name of a kind in a recipe.</summary>
    public static string Name(ArchiveType type) => names.First(known => known.Type == type).Name;

    /// <summary>The kind with a name; null if there is none.</summary>
    public static ArchiveType? Parse(string name) =>
        names.Where(known => known.Name == name).Select(known => (ArchiveType?)known.Type).FirstOrDefault();

    /// <summary>The kind that a file's name tells; null if it tells none.</summary>
    public static ArchiveType? Guess(string fileName) =>
        names.Where(known => fileName.EndsWith($".{known.Name}", StringComparison.OrdinalIgnoreCase)).Select(known => (ArchiveType?)known.Type).FirstOrDefault();
}
