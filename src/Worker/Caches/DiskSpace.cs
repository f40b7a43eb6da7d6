using RemoteExec.Native;

namespace RemoteExec.Worker.Caches;

/// <summary>Counts what files take of the disk: whole blocks, one at least for each file and each directory, so that many empty ones count as well.</summary>
internal static class DiskSpace
{
    private const long Block = 4096;

    /// <summary>What one file, directory or symlink takes, in bytes.</summary>
    public static long Of(FileStatus status) => status.Kind == FileKind.File ? Math.Max((status.Length + Block - 1) / Block, 1) * Block : Block;

    /// <summary>What a path takes with all beneath it. Symlinks are not followed. To be asked while nobody changes it.</summary>
    /// <exception cref="IOException">Something in it can't be looked at: a name that is no UTF-8, or a path that is too long.</exception>
    public static long OfTree(string path, FileStatus status)
    {
        long bytes = 0;
        var todo = new Stack<(string Path, FileStatus Status)>([(path, status)]);
        while (todo.TryPop(out (string Path, FileStatus Status) next))
        {
            bytes += Of(next.Status);
            if (next.Status.Kind != FileKind.Directory)
                continue;
            foreach (string entry in Directory.EnumerateFileSystemEntries(next.Path))
                todo.Push((entry, StatusOf(entry)));
        }

        return bytes;
    }

    /// <summary>What the file system says of a path that it has listed.</summary>
    /// <exception cref="IOException">It does not know it: .NET has not got the name right.</exception>
    public static FileStatus StatusOf(string entry) => FileStatus.Of(entry) ?? throw new IOException($"'{entry}' has a name that is no UTF-8");
}
