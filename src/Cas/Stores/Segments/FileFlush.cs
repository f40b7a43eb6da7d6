using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// Brings a file to the medium. It asks the system itself, because RandomAccess.FlushToDisk and FileStream.Flush(true) of .NET 10 report success on Unix whatever fsync
/// answers: their native part turns -1 into 1.
/// </summary>
public static partial class FileFlush
{
    private const int Interrupted = 4; // EINTR
    private const int NotFlushable = 22; // EINVAL: this file system does not know flushing, and promises nothing

    /// <summary>Does it. What was written while it is under way may or may not be included.</summary>
    /// <exception cref="IOException">The disk failed: what was written since the last success may be lost, even if a later flush succeeds.</exception>
    public static void Run(SafeFileHandle file)
    {
        if (OperatingSystem.IsWindows())
        {
#pragma warning disable RS0030 // its answer is right there
            RandomAccess.FlushToDisk(file);
#pragma warning restore RS0030
            return;
        }

        while (Sync(file) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error == NotFlushable)
                return;
            if (error != Interrupted)
                throw new IOException($"flushing failed: {Marshal.GetPInvokeErrorMessage(error)}", error);
        }
    }

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(SafeFileHandle file);
}
