namespace RemoteExec.Images;

/// <summary>What kinds of archives can be unpacked.</summary>
public enum ArchiveType
{
    /// <summary>tar as it is.</summary>
    Tar,

    /// <summary>tar in gzip.</summary>
    TarGz,

    /// <summary>tar in xz.</summary>
    TarXz,

    /// <summary>tar in zstd.</summary>
    TarZst,

    /// <summary>A Debian package; what it does when it is installed is not done.</summary>
    Deb,

    /// <summary>A Python wheel: its files as they lie in it.</summary>
    Whl,

    /// <summary>Any other zip archive.</summary>
    Zip,

    /// <summary>tar in bzip2.</summary>
    TarBz2,
}
