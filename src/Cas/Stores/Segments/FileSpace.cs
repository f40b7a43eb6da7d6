using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// Reserves the space of a segment on the disk before anything is written: so that a full disk is met there, and not amid somebody's upload, and the file lies in few pieces. .NET
/// can do that only together with the file's length, which has to tell how far it was written.
/// </summary>
/// <param name="store">The name of the store.</param>
/// <param name="logger">Told once of a file system that can't.</param>
internal sealed partial class FileSpace(string store, ILogger logger)
{
    private const int KeepSize = 1; // FALLOC_FL_KEEP_SIZE
    private const int Interrupted = 4; // EINTR
    private static readonly int[] failures = [5 /* EIO */, 27 /* EFBIG */, 28 /* ENOSPC */, 122 /* EDQUOT */];
    private int isImpossible;

    /// <summary>Reserves the space, where the system and the file system can do that. The length of the file stays as it is.</summary>
    /// <exception cref="IOException">The disk is full, or failed.</exception>
    public void Reserve(SafeFileHandle file, long bytes)
    {
        if (!OperatingSystem.IsLinux() || Volatile.Read(ref isImpossible) != 0)
            return;
        while (Allocate(file, KeepSize, 0, bytes) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error == Interrupted)
                continue;
            string reason = Marshal.GetPInvokeErrorMessage(error);
            if (failures.Contains(error))
                throw new IOException(reason, error);
            if (Interlocked.Exchange(ref isImpossible, 1) == 0)
                CasLog.SpaceNotReserved(logger, store, reason);
            return;
        }
    }

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Allocate(SafeFileHandle file, int mode, long offset, long length);
}
