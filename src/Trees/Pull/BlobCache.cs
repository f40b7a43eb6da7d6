using RemoteExec.Native;
using RemoteExec.Protocol;

namespace RemoteExec.Trees.Pull;

/// <summary>
/// A directory with blobs that were fetched before, each under its hash. Files that are taken out share its blocks where the file system can do that, or else are copies; or they are links, if that
/// is asked for: then they, and the blobs, are read-only, as whoever wrote to one would change it for all. What is taken out is verified each time.
/// </summary>
/// <param name="directory">The directory.</param>
/// <param name="links">Whether files are links.</param>
internal sealed class BlobCache(string directory, bool links)
{
    private const UnixFileMode ReadOnly = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode ReadAndExecute = ReadOnly | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Writes a file; if the cache lacks its blob, it is fetched into the cache first.</summary>
    /// <param name="digest">Its content.</param>
    /// <param name="path">The file; nothing may be there.</param>
    /// <param name="isExecutable">Whether it can be executed.</param>
    /// <param name="fetch">Writes the blob to a path.</param>
    /// <exception cref="IOException">The file, or the cache, can't be written.</exception>
    public async Task WriteAsync(Digest digest, string path, bool isExecutable, Func<string, bool, Task> fetch)
    {
        string blob = PathOf(digest, isExecutable);
        if (TryTake(blob, digest, path, isExecutable))
            return;
        Directory.CreateDirectory(Path.GetDirectoryName(blob)!);
        File.Delete(blob); // there is none, or a damaged one
        string unfinished = $"{blob}.{Guid.NewGuid():N}";
        try
        {
            await fetch(unfinished, isExecutable);
            if (links)
                File.SetUnixFileMode(unfinished, isExecutable ? ReadAndExecute : ReadOnly);
            File.Move(unfinished, blob, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }

        if (!TryTake(blob, digest, path, isExecutable))
            throw new IOException($"'{blob}' was damaged as soon as it was written");
    }

    private bool TryTake(string blob, Digest digest, string path, bool isExecutable)
    {
        if (FileStatus.Of(blob) is not { Kind: FileKind.File } status || status.Length != digest.SizeBytes)
            return false;
        if (!links)
            return LocalCopy.TryMake(blob, null, path, digest, isExecutable);
        if (!IsGood(blob, digest))
            return false;
        return FileMoves.TryLink(blob, path) || LocalCopy.TryMake(blob, null, path, digest, isExecutable);
    }

    // Links of files that can be executed, and of those that can't, have to be different files.
    private string PathOf(Digest digest, bool isExecutable)
    {
        string hash = digest.Hash;
        return Path.Combine(directory, digest.Function.Name(), hash[..2], links && isExecutable ? $"{hash}.x" : links ? $"{hash}.r" : hash);
    }

    private static bool IsGood(string blob, Digest digest)
    {
        using FileStream file = File.OpenRead(blob);
        using var hasher = new IncrementalHasher(digest.Function, digest.SizeBytes);
        byte[] buffer = new byte[128 * 1024];
        for (int count; (count = file.Read(buffer)) > 0;)
            hasher.Append(buffer.AsSpan(0, count));
        return hasher.Finish(digest.Instance) == digest;
    }
}
