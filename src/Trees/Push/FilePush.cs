using Microsoft.Win32.SafeHandles;
using RemoteExec.Cas;
using RemoteExec.Native;
using RemoteExec.Protocol;
using RemoteExec.Trees.Local;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Trees.Push;

/// <summary>Makes one file of this machine a blob of the CAS.</summary>
public static class FilePush
{
    /// <summary>Hashes a file, and sends it if the server lacks it.</summary>
    /// <param name="path">The file; a symlink stands for what it leads to.</param>
    /// <param name="cas">The server's blobs.</param>
    /// <param name="instance">The instance that it goes to.</param>
    /// <param name="function">What its digest is computed by.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The file as it is in a tree, without a path, and the bytes that were sent.</returns>
    /// <exception cref="TreeException">It is no file, or does not stand still.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public static async Task<(StoredNode Node, long SentBytes)> RunAsync(
        string path, IBlobStore cas, InstanceName instance, DigestFunction function, TimeProvider time, CancellationToken cancellationToken)
    {
        string full = Path.GetFullPath(path);
        full = File.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full;
        if (FileStatus.Of(full) is not { Kind: FileKind.File } status)
            throw new TreeException($"'{path}' is no file");
        var file = new LocalFile(new LocalDirectory("", "", Path.GetDirectoryName(full)!, null), Path.GetFileName(full), status);
        new TreeHasher(instance, function, null, time).Read([file], null, cancellationToken);
        Digest digest = file.Digest!.Value;
        var node = new StoredNode("") { File = digest, IsExecutable = file.Status.IsExecutable };
        if (await cas.ContainsAsync(digest, cancellationToken))
            return (node, 0);
        try
        {
            using SafeFileHandle handle = File.OpenHandle(full);
            await FileUpload.SendAsync(cas, handle, 0, digest, cancellationToken);
        }
        catch (Exception exception) when (exception is BlobMismatchException or FileNotFoundException)
        {
            throw new TreeException($"'{path}' was changed while it was pushed: try again", exception);
        }

        return (node, digest.SizeBytes);
    }
}
