namespace RemoteExec.Python.Wheels;

/// <summary>A file in a zip archive, as the archive's directory tells of it.</summary>
/// <param name="Name">Its path.</param>
/// <param name="IsDeflated">Whether it is compressed.</param>
/// <param name="Crc">Its checksum.</param>
/// <param name="CompressedBytes">How long it is in the archive.</param>
/// <param name="Bytes">How long it is.</param>
internal sealed record ZipItem(string Name, bool IsDeflated, uint Crc, long CompressedBytes, long Bytes)
{
    /// <summary>1980-01-01, the first day that an archive can tell.</summary>
    public const uint FirstDay = 0x0021_0000;

    /// <summary>When it was changed, as DOS writes that.</summary>
    public uint Time { get; init; } = FirstDay;

    /// <summary>Its kind and mode, as UNIX writes them, in the upper half.</summary>
    public uint Attributes { get; init; } = 0x81A4_0000; // a file, 0644

    /// <summary>Where its header begins; of no meaning outside of the archive that it is in.</summary>
    public long Offset { get; init; }

    /// <summary>True for a directory, which has no content.</summary>
    public bool IsDirectory => Name.EndsWith('/');
}
