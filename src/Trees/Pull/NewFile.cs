using Microsoft.Win32.SafeHandles;
using RemoteExec.Native;
using RemoteExec.Protocol;

namespace RemoteExec.Trees.Pull;

/// <summary>A file that is written from its start to its end and hashed on the way. What is not what its digest says does not stay.</summary>
internal sealed class NewFile : IDisposable
{
    private const UnixFileMode Everybody = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
    private const UnixFileMode EverybodyExecutes = Everybody | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private readonly string path;
    private readonly Digest digest;
    private readonly FileStream stream;
    private readonly IncrementalHasher hasher;
    private bool isFinished;

    /// <summary>Makes the file, with the permissions that the umask leaves. Nothing may be there.</summary>
    /// <exception cref="IOException">It can't be made.</exception>
    public NewFile(string path, Digest digest, bool isExecutable)
    {
        (this.path, this.digest) = (path, digest);
        stream = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            BufferSize = 0,
            UnixCreateMode = isExecutable ? EverybodyExecutes : Everybody,
        });
        hasher = new IncrementalHasher(digest.Function, digest.SizeBytes);
    }

    /// <summary>Appends bytes.</summary>
    /// <exception cref="IOException">They can't be written.</exception>
    public void Append(ReadOnlySpan<byte> content)
    {
        RandomAccess.Write(stream.SafeFileHandle, content, hasher.Length);
        hasher.Append(content);
    }

    /// <summary>Shares the content of another file, if the file system can; nothing is hashed then.</summary>
    public bool TryClone(SafeFileHandle other) => FileMoves.TryClone(other, stream.SafeFileHandle);

    /// <summary>True if what was appended is what the digest says; then the file stays.</summary>
    public bool TryFinish() => isFinished = hasher.Finish(digest.Instance) == digest;

    /// <summary>Lets the file stay, whose content is known to be right.</summary>
    public void Keep() => isFinished = true;

    /// <summary>Closes it.</summary>
    public void Dispose()
    {
        hasher.Dispose();
        stream.Dispose();
        if (!isFinished)
            File.Delete(path);
    }
}
