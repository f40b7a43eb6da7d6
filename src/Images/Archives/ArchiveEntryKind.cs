namespace RemoteExec.Images.Archives;

/// <summary>What an entry of an archive is.</summary>
internal enum ArchiveEntryKind
{
    /// <summary>A file with content.</summary>
    File,

    /// <summary>A directory.</summary>
    Directory,

    /// <summary>A symlink.</summary>
    Symlink,

    /// <summary>Another name of a file of the same archive.</summary>
    HardLink,

    /// <summary>Something that an image can't have: a device, a pipe.</summary>
    Special,
}
