using Microsoft.Win32.SafeHandles;

namespace RemoteExec.Native;

/// <summary>A directory that is kept open, so that the way to it need not be walked again for each file in it.</summary>
internal sealed class OpenDirectory : IDisposable
{
    private readonly SafeFileHandle handle;

    /// <summary>Opens a directory.</summary>
    /// <exception cref="NativeException">It can't be opened.</exception>
    public OpenDirectory(string path)
    {
        Path = path;
        int descriptor = Libc.Open(path, Libc.O_PATH | Libc.O_CLOEXEC, 0);
        NativeException.ThrowIfNegative(descriptor, $"opening '{path}'");
        handle = new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>Where it was when it was opened.</summary>
    public string Path { get; }

    /// <summary>For calls of the C library, as long as it is not disposed.</summary>
    public int Descriptor => (int)handle.DangerousGetHandle();

    /// <summary>Closes it.</summary>
    public void Dispose() => handle.Dispose();
}
