namespace RemoteExec.Images.Archives;

/// <summary>Opens compressed tar archives: with the programs of the system, which tell what is damaged or cut off (the framework takes a cut gzip for a whole one).</summary>
internal static class Decompression
{
    /// <summary>The tar archive in a stream, which stays open. Damage shows as <see cref="InvalidDataException"/> while it is read.</summary>
    /// <exception cref="ImageException">The program that is needed is not installed.</exception>
    public static Stream Open(ArchiveType type, Stream compressed) => type switch
    {
        ArchiveType.Tar => new PartStream(compressed, long.MaxValue),
        ArchiveType.TarGz => ToolStream.Start("gzip", ["--decompress", "--stdout"], "gzip", compressed),
        ArchiveType.TarBz2 => ToolStream.Start("bzip2", ["--decompress", "--stdout"], "bzip2", compressed),
        ArchiveType.TarXz => ToolStream.Start("xz", ["--decompress", "--stdout", "--memlimit-decompress=2GiB"], "xz-utils", compressed),
        ArchiveType.TarZst => ToolStream.Start("zstd", ["--decompress", "--stdout", "--quiet", "--memory=2048MB"], "zstd", compressed),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no compressed tar"),
    };
}
