using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace RemoteExec.Native;

/// <summary>Ways to have a file or a directory in another place that .NET does not know.</summary>
internal static class FileMoves
{
    /// <summary>Lets two paths of one file system change places, in one step that everybody sees before or after; false if the file system can't.</summary>
    /// <exception cref="NativeException">They can't be moved.</exception>
    public static bool TryExchange(string first, string second)
    {
        if (Libc.RenameAt2(Libc.AT_FDCWD, first, Libc.AT_FDCWD, second, Libc.RENAME_EXCHANGE) == 0)
            return true;
        int error = Marshal.GetLastPInvokeError();
        return error is Libc.EINVAL or Libc.ENOSYS ? false : throw new NativeException($"exchanging '{first}' and '{second}'", error);
    }

    /// <summary>Moves a file or a directory within its file system; an empty directory or a file may be in the way.</summary>
    /// <exception cref="NativeException">It can't be moved.</exception>
    public static void Move(string from, string to) => NativeException.ThrowIfNegative(Libc.Rename(from, to), $"moving '{from}' to '{to}'");

    /// <summary>Gives a file another name; false if that is not possible here: on another file system, or too many names.</summary>
    /// <exception cref="NativeException">It can't be done for another reason.</exception>
    public static bool TryLink(string from, string to)
    {
        if (Libc.LinkAt(Libc.AT_FDCWD, from, Libc.AT_FDCWD, to, 0) == 0)
            return true;
        int error = Marshal.GetLastPInvokeError();
        return error is Libc.EXDEV or Libc.EMLINK or Libc.EPERM ? false : throw new NativeException($"linking '{to}' to '{from}'", error);
    }

    /// <summary>Lets a new, empty file share the content of another until one of them is changed; false if the file system can't.</summary>
    public static bool TryClone(SafeFileHandle from, SafeFileHandle to)
    {
        bool isHeld = false;
        try
        {
            from.DangerousAddRef(ref isHeld);
            return Libc.IoCtl((int)to.DangerousGetHandle(), Libc.FICLONE, from.DangerousGetHandle()) == 0;
        }
        finally
        {
            if (isHeld)
                from.DangerousRelease();
        }
    }

    /// <summary>Waits until all that was written to the file system of an open file is on its medium.</summary>
    /// <exception cref="NativeException">It can't be written there.</exception>
    public static void Settle(SafeFileHandle file)
    {
        bool isHeld = false;
        try
        {
            file.DangerousAddRef(ref isHeld);
            NativeException.ThrowIfNegative(Libc.SyncFs((int)file.DangerousGetHandle()), "writing the file system to its medium");
        }
        finally
        {
            if (isHeld)
                file.DangerousRelease();
        }
    }
}
