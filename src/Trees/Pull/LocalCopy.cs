using System.Buffers;
using Microsoft.Win32.SafeHandles;
using RemoteExec.Native;
using RemoteExec.Protocol;

namespace RemoteExec.Trees.Pull;

/// <summary>Copies a file on this machine; where the file system can, the copy shares its blocks.</summary>
internal static class LocalCopy
{
    private const int BufferBytes = 256 * 1024;

    /// <summary>Makes a copy; false, and there is none, if the file is not what the digest says.</summary>
    /// <param name="from">The file.</param>
    /// <param name="known">The state in which its content was found to be right; null if it is to be read in any case.</param>
    /// <param name="to">The copy; nothing may be there.</param>
    /// <param name="digest">The content.</param>
    /// <param name="isExecutable">Whether the copy can be executed.</param>
    /// <exception cref="IOException">The copy can't be written.</exception>
    public static bool TryMake(string from, FileStatus? known, string to, Digest digest, bool isExecutable)
    {
        using SafeFileHandle? source = TryOpen(from);
        if (source is null)
            return false;
        using var copy = new NewFile(to, digest, isExecutable);
        if (known is { } status && copy.TryClone(source))
        {
            if (FileStatus.Of(from) is not { } now || !now.HasContentOf(status) || now.Inode != status.Inode)
                return false;
            copy.Keep();
            return true;
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(digest.SizeBytes + 1, 1, BufferBytes));
        try
        {
            long offset = 0;
            for (int count; offset <= digest.SizeBytes && (count = RandomAccess.Read(source, buffer, offset)) > 0; offset += count)
                copy.Append(buffer.AsSpan(0, count));
            return copy.TryFinish();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static SafeFileHandle? TryOpen(string path)
    {
        try
        {
            return File.OpenHandle(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
