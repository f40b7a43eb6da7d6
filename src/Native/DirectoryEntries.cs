using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;

namespace RemoteExec.Native;

/// <summary>
/// Lists a directory with the state of all that is in it. The state is asked for relative to the open directory: several times as fast as by paths, each of which the kernel would have to walk.
/// </summary>
internal static unsafe class DirectoryEntries
{
    private const int EntryHeader = 19, LengthOffset = 16; // of struct linux_dirent64
    private const int BufferBytes = 32 * 1024;

    /// <summary>Lists a directory, without <c>.</c> and <c>..</c>, in no particular order; what vanishes meanwhile is left out. A symlink is not followed, not even the last segment of the path.</summary>
    /// <exception cref="NativeException">It can't be read, or is no directory.</exception>
    public static List<DirectoryEntry> Of(string path)
    {
        int directory = Libc.Open(path, Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_NOFOLLOW | Libc.O_CLOEXEC, 0);
        NativeException.ThrowIfNegative(directory, $"opening '{path}'");
        try
        {
            return Read(directory, path);
        }
        finally
        {
            _ = Libc.Close(directory);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a command that runs for a third of a second has no time to find out what is hot
    private static List<DirectoryEntry> Read(int directory, string path)
    {
        var found = new List<DirectoryEntry>();
        byte* buffer = stackalloc byte[BufferBytes];
        byte* status = stackalloc byte[Libc.OpaqueBytes];
        nint count;
        while ((count = Libc.GetDents64(directory, buffer, BufferBytes)) > 0)
        {
            for (byte* entry = buffer; entry < buffer + count; entry += BinaryPrimitives.ReadUInt16LittleEndian(new ReadOnlySpan<byte>(entry + LengthOffset, sizeof(ushort))))
            {
                ReadOnlySpan<byte> name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(entry + EntryHeader);
                if (name.SequenceEqual("."u8) || name.SequenceEqual(".."u8))
                    continue;
                if (Libc.StatX(directory, entry + EntryHeader, Libc.AT_SYMLINK_NOFOLLOW, Libc.STATX_BASIC_STATS, status) == 0)
                    found.Add(new DirectoryEntry(Encoding.UTF8.GetString(name), Utf8.IsValid(name), FileStatus.Read(new ReadOnlySpan<byte>(status, Libc.OpaqueBytes))));
                else if (Marshal.GetLastPInvokeError() is int error and not Libc.ENOENT)
                    throw new NativeException($"looking at '{path}/{Encoding.UTF8.GetString(name)}'", error);
            }
        }

        NativeException.ThrowIfNegative(count, $"listing '{path}'");
        return found;
    }
}
