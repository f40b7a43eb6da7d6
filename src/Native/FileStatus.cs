using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace RemoteExec.Native;

/// <summary>What kind of thing a path names.</summary>
internal enum FileKind
{
    /// <summary>A socket, a pipe or a device.</summary>
    Special,

    /// <summary>A regular file.</summary>
    File,

    /// <summary>A directory.</summary>
    Directory,

    /// <summary>A symbolic link.</summary>
    Symlink,
}

/// <summary>What the file system says of one path, asked in one call and without opening it.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Mode">The permission bits.</param>
/// <param name="UserId">Who owns it.</param>
/// <param name="Length">The length of a file in bytes.</param>
/// <param name="ModifiedSeconds">When its content was changed last, in seconds since 1970.</param>
/// <param name="ModifiedNanoseconds">What is to be added to the seconds.</param>
internal readonly record struct FileStatus(FileKind Kind, int Mode, uint UserId, long Length, long ModifiedSeconds, int ModifiedNanoseconds)
{
    private const int TypeMask = 0xF000, Directory = 0x4000, Regular = 0x8000, Link = 0xA000;
    private static readonly UTF8Encoding strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The file system that it is on, as numbers of devices tell.</summary>
    public ulong Device { get; init; }

    /// <summary>Its number there.</summary>
    public ulong Inode { get; init; }

    /// <summary>How many names it has.</summary>
    public uint Links { get; init; }

    /// <summary>When its content, its mode, its owner or one of its names was changed last, in seconds since 1970: unlike the time of modification nobody can set it.</summary>
    public long ChangedSeconds { get; init; }

    /// <summary>What is to be added to these seconds.</summary>
    public int ChangedNanoseconds { get; init; }

    /// <summary>True if anybody may execute it.</summary>
    public bool IsExecutable => (Mode & 0x49) != 0;

    /// <summary>True if nothing was written to a file since it had this status, as far as its length and its times tell.</summary>
    public bool HasContentOf(FileStatus earlier) =>
        (Length, ModifiedSeconds, ModifiedNanoseconds) == (earlier.Length, earlier.ModifiedSeconds, earlier.ModifiedNanoseconds);

    /// <summary>Asks about a path; null if nothing is there. A symlink as the last segment is followed only if asked to.</summary>
    /// <exception cref="NativeException">It can't be known.</exception>
    public static unsafe FileStatus? Of(string path, bool followLast = false)
    {
        byte* status = stackalloc byte[Libc.OpaqueBytes];
        if (Libc.StatX(Libc.AT_FDCWD, path, followLast ? 0 : Libc.AT_SYMLINK_NOFOLLOW, Libc.STATX_BASIC_STATS, status) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            bool isAbsent = error is Libc.ENOENT or Libc.ENOTDIR || (error == Libc.ELOOP && followLast);
            return isAbsent ? null : throw new NativeException($"looking at '{path}'", error);
        }

        return Read(new ReadOnlySpan<byte>(status, Libc.OpaqueBytes));
    }

    /// <summary>Reads a struct statx, which has one layout on all architectures.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a command that runs for a third of a second has no time to find out what is hot
    internal static FileStatus Read(ReadOnlySpan<byte> bytes)
    {
        int mode = BinaryPrimitives.ReadUInt16LittleEndian(bytes[28..]);
        FileKind kind = (mode & TypeMask) switch
        {
            Regular => FileKind.File,
            Directory => FileKind.Directory,
            Link => FileKind.Symlink,
            _ => FileKind.Special,
        };
        return new FileStatus(
            kind, mode & 0xFFF, BinaryPrimitives.ReadUInt32LittleEndian(bytes[20..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[40..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[112..]), BinaryPrimitives.ReadInt32LittleEndian(bytes[120..]))
        {
            Device = ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(bytes[136..]) << 32) | BinaryPrimitives.ReadUInt32LittleEndian(bytes[140..]),
            Links = BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]),
            Inode = BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]),
            ChangedSeconds = BinaryPrimitives.ReadInt64LittleEndian(bytes[96..]),
            ChangedNanoseconds = BinaryPrimitives.ReadInt32LittleEndian(bytes[104..]),
        };
    }

    /// <summary>The target of a symlink; null if it is no UTF-8.</summary>
    /// <exception cref="NativeException">There is no symlink.</exception>
    public static unsafe string? TargetOf(string path)
    {
        const int MaxTarget = 4096; // PATH_MAX: the kernel makes no longer one
        byte* target = stackalloc byte[MaxTarget];
        nint length = Libc.ReadLink(path, target, MaxTarget);
        NativeException.ThrowIfNegative(length, $"reading the symlink '{path}'");
        try
        {
            return strictUtf8.GetString(new ReadOnlySpan<byte>(target, (int)length));
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
