using System.Runtime.InteropServices;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// Brings the entries of a directory to the medium. A new file that was flushed may still be lost with its name if the power fails, and .NET has no way to flush a directory.
/// </summary>
internal static partial class DirectoryFlush
{
    private const int ReadOnly = 0; // O_RDONLY

    /// <summary>Does it; nothing where directories can't be flushed (Windows keeps names in a journal).</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public static void Run(string path)
    {
        if (OperatingSystem.IsWindows())
            return;
        int descriptor = Open(path, ReadOnly, 0);
        if (descriptor < 0)
            throw Failed(path);
        try
        {
            if (Sync(descriptor) != 0)
                throw Failed(path);
        }
        finally
        {
            _ = Close(descriptor); // nothing was written through it
        }
    }

    private static IOException Failed(string path) =>
        new($"the directory {path} can't be flushed: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
