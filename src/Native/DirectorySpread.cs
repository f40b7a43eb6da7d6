namespace RemoteExec.Native;

/// <summary>
/// Asks the file system to spread the directories made in a directory over the disk, as ext4 does at the top of a volume (<c>chattr +T</c>).
/// ext4 does not reuse an inode for some time after its file was deleted, and looks through all such inodes of a block group for each new file:
/// where thousands of short-lived trees are made and deleted in one group, that search costs more than the actions.
/// </summary>
internal static unsafe class DirectorySpread
{
    private const nuint GetFlags = 0x80086601, SetFlags = 0x40086602; // FS_IOC_GETFLAGS, FS_IOC_SETFLAGS
    private const int TopDirectory = 0x00020000; // FS_TOPDIR_FL

    /// <summary>Asks for it; false if this file system has no such thing. A hint about speed: nothing else depends on the answer.</summary>
    public static bool TryRequest(string directory)
    {
        int descriptor = Libc.Open(directory, Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        NativeException.ThrowIfNegative(descriptor, $"opening '{directory}'");
        try
        {
            int flags = 0;
            if (Libc.IoCtl(descriptor, GetFlags, &flags) < 0)
                return false;
            flags |= TopDirectory;
            return Libc.IoCtl(descriptor, SetFlags, &flags) >= 0;
        }
        finally
        {
            _ = Libc.Close(descriptor);
        }
    }
}
