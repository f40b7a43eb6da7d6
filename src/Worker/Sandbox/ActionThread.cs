using System.Runtime.InteropServices;
using RemoteExec.Native;

namespace RemoteExec.Worker.Sandbox;

/// <summary>
/// Runs code on a thread of its own which then ends, so that the code may change what the kernel keeps for each thread: user, capabilities,
/// umask, current directory. A thread that has given up its rights must not be used again, nor live on: an action
/// with the same user id could send it a signal, which would hit the whole worker.
/// </summary>
internal static class ActionThread
{
    private const int StackBytes = 256 * 1024;
    private const uint CapabilityVersion3 = 0x20080522;

    /// <summary>Runs <paramref name="body"/> on a new thread and hands on what it returns or throws.</summary>
    public static Task<T> RunAsync<T>(Func<T> body)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(
            () =>
            {
                try
                {
                    done.SetResult(body());
                }
                catch (Exception exception)
                {
                    done.SetException(exception);
                }
            },
            StackBytes)
        {
            IsBackground = true,
            Name = "action",
        };
        thread.Start();
        return done.Task;
    }

    /// <summary>
    /// Makes the calling thread, and what it starts, an unprivileged user for good: no other groups, no capabilities, none to be gained by executing
    /// anything. Only to be called on a thread made by <see cref="RunAsync"/>.
    /// </summary>
    /// <exception cref="NativeException">It can't; the thread may have lost some of its rights.</exception>
    public static unsafe void BecomeUser(uint user)
    {
        ArgumentOutOfRangeException.ThrowIfZero(user); // root would be no sandbox
        (nint setResUid, nint setResGid, nint setGroups) =
            Libc.Numbers ?? throw new PlatformNotSupportedException($"system calls of {RuntimeInformation.ProcessArchitecture} are not known");
        NativeException.ThrowIfNegative(Libc.PrCtl(Libc.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl(PR_SET_NO_NEW_PRIVS)");
        NativeException.ThrowIfNegative(Libc.Syscall(setGroups, 0, 0, 0), "setgroups");
        NativeException.ThrowIfNegative(Libc.Syscall(setResGid, (nint)user, (nint)user, (nint)user), "setresgid");
        NativeException.ThrowIfNegative(Libc.Syscall(setResUid, (nint)user, (nint)user, (nint)user), "setresuid");

        // Normally gone with the change from root; but a thread may be told to keep them.
        uint* header = stackalloc uint[2] { CapabilityVersion3, 0 };
        uint* none = stackalloc uint[6] { 0, 0, 0, 0, 0, 0 };
        NativeException.ThrowIfNegative(Libc.CapSet(header, none), "capset");
    }
}
