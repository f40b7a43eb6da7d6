namespace RemoteExec.Native;

/// <summary>
/// How new processes are to begin: in a session of their own, with these files open and no others, with default signal handling.
/// </summary>
internal sealed unsafe class SpawnAttributes : IDisposable
{
    private const int FirstFree = 3;
    private readonly byte[] attributes = GC.AllocateArray<byte>(Libc.OpaqueBytes, pinned: true);
    private readonly byte[] actions = GC.AllocateArray<byte>(Libc.OpaqueBytes, pinned: true);
    private readonly List<int> copies = [];

    /// <summary>Takes the numbers of open files for standard input, output and error, and of more from number 3 on; they stay the caller's.</summary>
    public SpawnAttributes(int input, int output, int error, params ReadOnlySpan<int> more)
    {
        byte* signals = stackalloc byte[Libc.OpaqueBytes];
        _ = Libc.SpawnAttributesInit(Attributes);
        _ = Libc.SpawnFileActionsInit(Actions);

        // .NET ignores SIGPIPE, and an ignored signal stays ignored in what is executed.
        _ = Libc.SpawnAttributesSetFlags(Attributes, Libc.POSIX_SPAWN_SETSID | Libc.POSIX_SPAWN_SETSIGDEF | Libc.POSIX_SPAWN_SETSIGMASK);
        _ = Libc.SigFillSet(signals);
        _ = Libc.SpawnAttributesSetSigDefault(Attributes, signals);
        _ = Libc.SigEmptySet(signals);
        _ = Libc.SpawnAttributesSetSigMask(Attributes, signals);

        _ = Libc.SpawnFileActionsAddDup2(Actions, input, 0);
        _ = Libc.SpawnFileActionsAddDup2(Actions, output, 1);
        _ = Libc.SpawnFileActionsAddDup2(Actions, error, 2);
        int next = FirstFree;
        foreach (int file in more)
        {
            // What is to become one number must not be in the place of another.
            copies.Add(Libc.FCntl(file, Libc.F_DUPFD_CLOEXEC, FirstFree + more.Length));
            NativeException.ThrowIfNegative(copies[^1], "duplicating a descriptor");
            _ = Libc.SpawnFileActionsAddDup2(Actions, copies[^1], next++);
        }

        _ = Libc.TrySpawnFileActionsAddCloseFrom(Actions, next); // else what .NET opened closes itself, and it opened nearly all
    }

    /// <summary>Has a terminal as standard input, output and error in the place of what was given: the one that steers the new session (<c>/dev/tty</c>).</summary>
    /// <param name="path">Where it is; the thread that spawns may open it.</param>
    public void OpenTerminal(string path)
    {
        // The first that the leader of a session opens becomes the session's.
        _ = Libc.SpawnFileActionsAddOpen(Actions, 0, path, Libc.O_RDWR, 0);
        _ = Libc.SpawnFileActionsAddDup2(Actions, 0, 1);
        _ = Libc.SpawnFileActionsAddDup2(Actions, 0, 2);
    }

    private byte* Attributes => (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref attributes[0]);

    private byte* Actions => (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref actions[0]);

    /// <summary>
    /// Starts a program with the calling thread's identity, umask and current directory; returns the error for which it can't be executed, or 0.
    /// </summary>
    public int Spawn(string program, IReadOnlyList<string> arguments, IReadOnlyList<string> environment, out int process)
    {
        using var argv = new NativeStrings(arguments);
        using var envp = new NativeStrings(environment);
        int id;
        int error = Libc.Spawn(&id, program, Actions, Attributes, argv.Pointers, envp.Pointers);
        process = error == 0 ? id : 0;
        return error;
    }

    /// <summary>Forbids a new process to dump core. The process is under way, but a limit that comes a little late does no harm.</summary>
    public static void ForbidCore(int process)
    {
        ulong* none = stackalloc ulong[2] { 0, 0 };
        _ = Libc.PrLimit(process, Libc.RLIMIT_CORE, none, null);
    }

    /// <summary>Frees what the C library allocated, and closes what was opened here.</summary>
    public void Dispose()
    {
        _ = Libc.SpawnFileActionsDestroy(Actions);
        _ = Libc.SpawnAttributesDestroy(Attributes);
        foreach (int copy in copies)
            _ = Libc.Close(copy);
        copies.Clear();
    }
}
