using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace RemoteExec.Native;

/// <summary>Deletes directories with all that is in them, whatever its names are and however closed its directories; no symlink is followed. As many directories are open at a time as they are deep.</summary>
internal static unsafe class TreeRemoval
{
    private const int EntryHeader = 19, KindOffset = 18, LengthOffset = 16; // of struct linux_dirent64
    private const byte DirectoryKind = 4, UnknownKind = 0;
    private const int BufferBytes = 32 * 1024;
    private const uint OwnerOnly = 0x1C0;

    /// <summary>Deletes a directory; one that is not there is no error.</summary>
    /// <exception cref="NativeException">Something is left of it.</exception>
    public static void Remove(string directory)
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(BufferBytes, pinned: true);
        if (FileStatus.Of(directory) is not null)
            Remove(Libc.AT_FDCWD, [.. Encoding.UTF8.GetBytes(directory), 0], directory, buffer);
    }

    private static void Remove(int parent, byte[] name, string shown, byte[] buffer)
    {
        fixed (byte* path = name)
        {
            int directory = Open(parent, path);
            if (directory < 0 && Marshal.GetLastPInvokeError() == Libc.EACCES && Libc.FChModAt(parent, path, OwnerOnly, 0) == 0)
                directory = Open(parent, path);
            NativeException.ThrowIfNegative(directory, $"opening '{shown}'");
            try
            {
                Empty(directory, shown, buffer);
            }
            finally
            {
                _ = Libc.Close(directory);
            }

            Unlink(parent, path, Libc.AT_REMOVEDIR, shown);
        }
    }

    private static int Open(int parent, byte* path) => Libc.OpenAt(parent, path, Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_NOFOLLOW | Libc.O_CLOEXEC);

    private static void Empty(int directory, string shown, byte[] buffer)
    {
        // A directory that is written to while it is listed may be listed in parts: so the names first.
        foreach ((byte[] name, bool isDirectory) in List(directory, shown, buffer))
        {
            fixed (byte* path = name)
            {
                if (isDirectory)
                    Remove(directory, name, shown, buffer);
                else
                    Unlink(directory, path, 0, shown);
            }
        }
    }

    private static void Unlink(int directory, byte* path, int flags, string shown)
    {
        int answer = Libc.UnlinkAt(directory, path, flags);
        if (answer != 0 && Marshal.GetLastPInvokeError() == Libc.EACCES && directory != Libc.AT_FDCWD)
        {
            byte* itself = stackalloc byte[2] { (byte)'.', 0 };
            _ = Libc.FChModAt(directory, itself, OwnerOnly, 0);
            answer = Libc.UnlinkAt(directory, path, flags);
        }

        NativeException.ThrowIfNegative(answer, $"deleting what is in '{shown}'");
    }

    private static List<(byte[] Name, bool IsDirectory)> List(int directory, string shown, byte[] entries)
    {
        var found = new List<(byte[] Name, bool IsDirectory)>();
        fixed (byte* buffer = entries)
        {
            nint count;
            while ((count = Libc.GetDents64(directory, buffer, BufferBytes)) > 0)
            {
                for (int at = 0; at < count; at += BinaryPrimitives.ReadUInt16LittleEndian(entries.AsSpan(at + LengthOffset)))
                {
                    ReadOnlySpan<byte> name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(buffer + at + EntryHeader);
                    if (name.SequenceEqual("."u8) || name.SequenceEqual(".."u8))
                        continue;
                    byte kind = buffer[at + KindOffset];
                    found.Add(([.. name, 0], kind == DirectoryKind || (kind == UnknownKind && IsDirectory(directory, buffer + at + EntryHeader))));
                }
            }

            NativeException.ThrowIfNegative(count, $"listing '{shown}'");
        }

        return found;
    }

    // Not every file system tells kinds with names.
    private static bool IsDirectory(int directory, byte* name)
    {
        byte* status = stackalloc byte[Libc.OpaqueBytes];
        return Libc.StatX(directory, name, Libc.AT_SYMLINK_NOFOLLOW, Libc.STATX_BASIC_STATS, status) == 0
            && FileStatus.Read(new ReadOnlySpan<byte>(status, Libc.OpaqueBytes)).Kind == FileKind.Directory;
    }
}
