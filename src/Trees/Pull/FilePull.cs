using RemoteExec.Cas;
using RemoteExec.Native;
using RemoteExec.Protocol;

namespace RemoteExec.Trees.Pull;

/// <summary>Makes a file of this machine what a blob of the CAS is, or a symlink what one in a tree says: in one step, whatever file was there before.</summary>
public static class FilePull
{
    /// <summary>Fetches a file beside the place where it is to be, verifies it, and lets it take that place.</summary>
    /// <param name="path">Where it is to be; the directory that it is in is made.</param>
    /// <param name="content">Its content.</param>
    /// <param name="isExecutable">Whether it can be executed.</param>
    /// <param name="cas">The server's blobs.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="TreeException">The CAS lacks it or has something else, or a directory is in the way.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    /// <exception cref="IOException">It can't be written.</exception>
    public static Task RunAsync(string path, Digest content, bool isExecutable, IBlobStore cas, CancellationToken cancellationToken) =>
        PlaceAsync(path, unfinished => new BlobFetch(cas, null).WriteAsync(content, unfinished, isExecutable, [], cancellationToken));

    /// <summary>Makes a symlink.</summary>
    /// <param name="path">Where it is to be; the directory that it is in is made.</param>
    /// <param name="target">What it says.</param>
    /// <exception cref="TreeException">A directory is in the way.</exception>
    /// <exception cref="IOException">It can't be made.</exception>
    public static Task LinkAsync(string path, string target) => PlaceAsync(path, unfinished =>
    {
        File.CreateSymbolicLink(unfinished, target);
        return Task.CompletedTask;
    });

    private static async Task PlaceAsync(string path, Func<string, Task> write)
    {
        string full = Path.GetFullPath(path);
        if (FileStatus.Of(full) is { Kind: FileKind.Directory })
            throw new TreeException($"'{path}' is a directory, where a file is to be: delete it, or choose another place");
        string directory = Path.GetDirectoryName(full)!;
        Directory.CreateDirectory(directory);
        string unfinished = Path.Combine(directory, $".{Path.GetFileName(full)}.{Guid.NewGuid():N}");
        try
        {
            await write(unfinished);
            FileMoves.Move(unfinished, full);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }
}
