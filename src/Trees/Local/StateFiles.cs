using System.Security.Cryptography;
using System.Text;
using RemoteExec.Protocol;

namespace RemoteExec.Trees.Local;

/// <summary>Where it is kept what is known of directories on this machine, by their absolute paths. All of it can be deleted: what is not known is found out again.</summary>
/// <param name="home">The directory that it is in.</param>
public sealed class StateFiles(string home)
{
    /// <summary>The digests of the files of a directory.</summary>
    internal string DigestsOf(string directory, DigestFunction function) => Path.Combine(home, $"{KeyOf(directory)}.{function.Name()}.digests");

    /// <summary>What was pulled into a directory.</summary>
    internal string PullOf(string directory) => Path.Combine(home, $"{KeyOf(directory)}.pull");

    /// <summary>The root of what was pushed of a directory last.</summary>
    internal string PushOf(string directory) => Path.Combine(home, $"{KeyOf(directory)}.push");

    /// <summary>What the upload of a blob is called, while it is not complete.</summary>
    internal string UploadOf(Digest digest) => Path.Combine(home, $"{digest.Hash}.upload");

    /// <summary>Deletes what is known of a directory that is no more.</summary>
    /// <exception cref="IOException">It can't be deleted.</exception>
    internal void Forget(string directory)
    {
        if (!Directory.Exists(home))
            return;
        foreach (string file in Directory.EnumerateFiles(home, $"{KeyOf(directory)}.*").ToArray())
            File.Delete(file);
    }

    /// <summary>Writes a file, complete or not at all, and the directory that it is in.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    internal static void Write(string path, ReadOnlySpan<byte> content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        string unfinished = $"{path}.{Guid.NewGuid():N}";
        try
        {
            File.WriteAllBytes(unfinished, content);
            File.Move(unfinished, path, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }

    private static string KeyOf(string directory) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(directory)).AsSpan(0, 16));
}
