using System.Text;
using RemoteExec.Protocol;
using RemoteExec.Trees.Local;

namespace RemoteExec.Trees.Push;

/// <summary>
/// What the upload of a file is called, by which the server knows it again: the same as before if a push was broken off. It stands in a file that is there while the upload is not complete, and that is
/// locked by who uploads; another push of the same content meanwhile has a name of its own, as one would break off the other.
/// </summary>
internal sealed class UploadName : IDisposable
{
    private readonly FileStream? file;
    private readonly string path;
    private bool isDone;

    private UploadName(string path, FileStream? file, string value) => (this.path, this.file, Value) = (path, file, value);

    /// <summary>The name: a UUID.</summary>
    public string Value { get; }

    /// <summary>Takes the name of an upload.</summary>
    /// <param name="state">Where names are kept; null for nowhere.</param>
    /// <param name="digest">What is uploaded.</param>
    public static UploadName Of(StateFiles? state, Digest digest)
    {
        string path = state?.UploadOf(digest) ?? "";
        if (state is null)
            return new UploadName(path, null, Guid.NewGuid().ToString());
        FileStream? file = null;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            return new UploadName(path, file, Read(file) ?? Write(file));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            file?.Dispose();
            return new UploadName(path, null, Guid.NewGuid().ToString()); // somebody has it, or nothing can be kept: this one can't be continued
        }
    }

    /// <summary>The upload is complete: nobody needs its name any more.</summary>
    public void Complete() => isDone = true;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (file is null)
            return;
        if (isDone)
            File.Delete(path);
        file.Dispose();
    }

    private static string? Read(FileStream file)
    {
        Span<byte> text = stackalloc byte[36];
        return file.ReadAtLeast(text, text.Length, throwOnEndOfStream: false) == text.Length && Guid.TryParse(Encoding.ASCII.GetString(text), out Guid name) ? name.ToString() : null;
    }

    private static string Write(FileStream file)
    {
        string name = Guid.NewGuid().ToString();
        file.SetLength(0);
        file.Position = 0;
        file.Write(Encoding.ASCII.GetBytes(name));
        return name;
    }
}
