using System.Runtime.InteropServices;

namespace RemoteExec.Native;

/// <summary>
/// The C library's functions that .NET has no way to call: what is needed of the kernel. This is the only file
/// with P/Invokes, and the rest of this folder is all that calls it. Pointers are to memory that the caller keeps until the call returns; none
/// of these functions keeps one.
/// </summary>
/// <remarks>
/// Identity is changed by the bare system calls: the kernel keeps it for each thread, while the C library's wrappers
/// change it for all of them. Functions with a variable number of arguments are declared with the ones used here, which is the same call on
/// the 64-bit Linux platforms that <see cref="Numbers"/> knows.
/// </remarks>
internal static unsafe partial class Libc
{
    public const int EPERM = 1, ENOENT = 2, E2BIG = 7, ENOEXEC = 8, ECHILD = 10, EAGAIN = 11, EACCES = 13, EXDEV = 18, ENOTDIR = 20, EISDIR = 21, EINVAL = 22, ENOSYS = 38, ETXTBSY = 26,
        EMLINK = 31, ENAMETOOLONG = 36, ELOOP = 40, ELIBBAD = 80;

    public const int O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_NOCTTY = 0x100, O_CREAT = 0x40, O_EXCL = 0x80, O_APPEND = 0x400, O_NONBLOCK = 0x800, O_CLOEXEC = 0x80000, O_PATH = 0x200000;
    public static readonly int O_DIRECTORY = HasArmFlags ? 0x4000 : 0x10000, O_NOFOLLOW = HasArmFlags ? 0x8000 : 0x20000;
    public const int AF_UNIX = 1, SOCK_STREAM = 1, SOCK_CLOEXEC = 0x80000, MSG_DONTWAIT = 0x40, MSG_NOSIGNAL = 0x4000, MSG_CMSG_CLOEXEC = 0x40000000;
    public const int F_DUPFD_CLOEXEC = 1030;
    public const int SIGKILL = 9;
    public const int WNOHANG = 1;
    public const int CLONE_FS = 0x200;
    public const int PR_SET_CHILD_SUBREAPER = 36, PR_SET_NO_NEW_PRIVS = 38;
    public const int RLIMIT_CORE = 4, RLIMIT_NPROC = 6;
    public const short POSIX_SPAWN_SETSIGDEF = 4, POSIX_SPAWN_SETSIGMASK = 8, POSIX_SPAWN_SETSID = 0x80;
    public const int AT_FDCWD = -100, AT_SYMLINK_NOFOLLOW = 0x100, AT_REMOVEDIR = 0x200;
    public const uint STATX_BASIC_STATS = 0x7ff;
    public const uint RENAME_EXCHANGE = 2;
    public const nuint FICLONE = 0x40049409, TIOCGWINSZ = 0x5413, TIOCSWINSZ = 0x5414;
    public const int TCSADRAIN = 1;

    /// <summary>Room for posix_spawnattr_t (336 bytes), posix_spawn_file_actions_t (80), sigset_t (128), struct statx (256), struct termios (60) and struct rusage (144).</summary>
    public const int OpaqueBytes = 512;

    private const string Library = "libc.so.6";

    private static bool HasArmFlags => RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    /// <summary>The numbers of the system calls that are made bare; null on an architecture nobody has looked them up for.</summary>
    public static (nint SetResUid, nint SetResGid, nint SetGroups)? Numbers => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => (117, 119, 116),
        Architecture.Arm64 or Architecture.RiscV64 => (147, 149, 159),
        _ => null,
    };

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    public static partial nint Syscall(nint number, nint first, nint second, nint third);

    [LibraryImport(Library, EntryPoint = "syncfs", SetLastError = true)]
    public static partial int SyncFs(int descriptor);

    [LibraryImport(Library, EntryPoint = "capset", SetLastError = true)]
    public static partial int CapSet(void* header, void* data);

    [LibraryImport(Library, EntryPoint = "prctl", SetLastError = true)]
    public static partial int PrCtl(int option, nint argument2, nint argument3, nint argument4, nint argument5);

    [LibraryImport(Library, EntryPoint = "unshare", SetLastError = true)]
    public static partial int Unshare(int flags);

    [LibraryImport(Library, EntryPoint = "umask")]
    public static partial uint UMask(uint mask);

    [LibraryImport(Library, EntryPoint = "chdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ChDir(string path);

    [LibraryImport(Library, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags, uint mode);

    [LibraryImport(Library, EntryPoint = "openat", SetLastError = true)]
    public static partial int OpenAt(int directory, byte* path, int flags);

    [LibraryImport(Library, EntryPoint = "unlinkat", SetLastError = true)]
    public static partial int UnlinkAt(int directory, byte* path, int flags);

    [LibraryImport(Library, EntryPoint = "fchmodat", SetLastError = true)]
    public static partial int FChModAt(int directory, byte* path, uint mode, int flags);

    [LibraryImport(Library, EntryPoint = "getdents64", SetLastError = true)]
    public static partial nint GetDents64(int directory, byte* entries, nuint size);

    [LibraryImport(Library, EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int descriptor);

    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    public static partial int FCntl(int descriptor, int command, int argument);

    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    public static partial int IoCtl(int descriptor, nuint request, int* argument);

    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    public static partial int IoCtl(int descriptor, nuint request, nint argument);

    [LibraryImport(Library, EntryPoint = "access", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Access(string path, int mode);

    [LibraryImport(Library, EntryPoint = "fchown", SetLastError = true)]
    public static partial int FChOwn(int descriptor, uint user, uint group);

    [LibraryImport(Library, EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int LChOwn(string path, uint user, uint group);

    [LibraryImport(Library, EntryPoint = "linkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int LinkAt(int fromDirectory, string from, int toDirectory, string to, int flags);

    [LibraryImport(Library, EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Rename(string from, string to);

    [LibraryImport(Library, EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int RenameAt2(int fromDirectory, string from, int toDirectory, string to, uint flags);

    [LibraryImport(Library, EntryPoint = "lgetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint LGetXAttr(string path, string name, byte* value, nint size);

    [LibraryImport(Library, EntryPoint = "readlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint ReadLink(string path, byte* target, nint length);

    [LibraryImport(Library, EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int StatX(int directory, string path, int flags, uint mask, byte* status);

    [LibraryImport(Library, EntryPoint = "statx", SetLastError = true)]
    public static partial int StatX(int directory, byte* path, int flags, uint mask, byte* status);

    [LibraryImport(Library, EntryPoint = "socketpair", SetLastError = true)]
    public static partial int SocketPair(int domain, int type, int protocol, int* sockets);

    [LibraryImport(Library, EntryPoint = "recvmsg", SetLastError = true)]
    public static partial nint RecvMsg(int socket, DescriptorPassing.MessageHeader* message, int flags);

    [LibraryImport(Library, EntryPoint = "sendmsg", SetLastError = true)]
    public static partial nint SendMsg(int socket, DescriptorPassing.MessageHeader* message, int flags);

    [LibraryImport(Library, EntryPoint = "posix_openpt", SetLastError = true)]
    public static partial int OpenPt(int flags);

    [LibraryImport(Library, EntryPoint = "grantpt", SetLastError = true)]
    public static partial int GrantPt(int master);

    [LibraryImport(Library, EntryPoint = "unlockpt", SetLastError = true)]
    public static partial int UnlockPt(int master);

    // Answers the error instead of setting errno.
    [LibraryImport(Library, EntryPoint = "ptsname_r")]
    public static partial int PtsName(int master, byte* name, nuint size);

    [LibraryImport(Library, EntryPoint = "isatty")]
    public static partial int IsATty(int descriptor);

    [LibraryImport(Library, EntryPoint = "tcgetattr", SetLastError = true)]
    public static partial int TcGetAttr(int descriptor, byte* settings);

    [LibraryImport(Library, EntryPoint = "tcsetattr", SetLastError = true)]
    public static partial int TcSetAttr(int descriptor, int when, byte* settings);

    [LibraryImport(Library, EntryPoint = "cfmakeraw")]
    public static partial void CfMakeRaw(byte* settings);

    [LibraryImport(Library, EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int process, int signal);

    [LibraryImport(Library, EntryPoint = "getsid", SetLastError = true)]
    public static partial int GetSid(int process);

    [LibraryImport(Library, EntryPoint = "wait4", SetLastError = true)]
    public static partial int Wait4(int process, int* status, int options, byte* usage);

    [LibraryImport(Library, EntryPoint = "prlimit", SetLastError = true)]
    public static partial int PrLimit(int process, int resource, ulong* newLimit, ulong* oldLimit);

    [LibraryImport(Library, EntryPoint = "sigfillset")]
    public static partial int SigFillSet(byte* set);

    [LibraryImport(Library, EntryPoint = "sigemptyset")]
    public static partial int SigEmptySet(byte* set);

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_init")]
    public static partial int SpawnAttributesInit(byte* attributes);

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_destroy")]
    public static partial int SpawnAttributesDestroy(byte* attributes);

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_setflags")]
    public static partial int SpawnAttributesSetFlags(byte* attributes, short flags);

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_setsigdefault")]
    public static partial int SpawnAttributesSetSigDefault(byte* attributes, byte* set);

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_setsigmask")]
    public static partial int SpawnAttributesSetSigMask(byte* attributes, byte* set);

    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_init")]
    public static partial int SpawnFileActionsInit(byte* actions);

    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_destroy")]
    public static partial int SpawnFileActionsDestroy(byte* actions);

    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_adddup2")]
    public static partial int SpawnFileActionsAddDup2(byte* actions, int from, int to);

    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SpawnFileActionsAddOpen(byte* actions, int descriptor, string path, int flags, uint mode);

    /// <summary>Closes all files from a number on before the program starts. Not in every C library: false where it is missing.</summary>
    public static bool TrySpawnFileActionsAddCloseFrom(byte* actions, int first)
    {
        if (spawnFileActionsAddCloseFrom == 0)
            return false;
        _ = ((delegate* unmanaged<byte*, int, int>)spawnFileActionsAddCloseFrom)(actions, first);
        return true;
    }

    private static readonly nint spawnFileActionsAddCloseFrom =
        NativeLibrary.TryGetExport(NativeLibrary.Load(Library), "posix_spawn_file_actions_addclosefrom_np", out nint address) ? address : 0;

    // Answers the error instead of setting errno.
    [LibraryImport(Library, EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Spawn(int* process, string path, byte* fileActions, byte* attributes, byte** arguments, byte** environment);
}
