using Microsoft.Win32.SafeHandles;
using RemoteExec.Cas;
using RemoteExec.Native;
using RemoteExec.Protocol;
using RemoteExec.Trees.Local;
using RemoteExec.Trees.Remote;

namespace RemoteExec.Trees.Push;

/// <summary>Sends files in the way that costs least: a large one of which the server has an earlier content, by the chunks that it lacks; another large one whole, from where it was broken off; small ones at once.</summary>
/// <param name="cas">The server's blobs.</param>
/// <param name="server">What else its CAS does; null for a CAS that is no server's.</param>
/// <param name="chunks">Sends chunks; null if the server knows nothing of such.</param>
/// <param name="earlier">What it has from before; null if it knows nothing of chunks.</param>
/// <param name="state">Where names of uploads are kept; null for nowhere.</param>
internal sealed class FileSending(IBlobStore cas, CasClient? server, ChunkedUpload? chunks, EarlierTrees? earlier, StateFiles? state)
{
    /// <summary>The way of a push.</summary>
    public static FileSending Of(IBlobStore cas, CasClient? server, CasFeatures features, TreePushOptions options, string directory) =>
        server is not null && features is { Splices: true, Splits: true, Chunker: { } chunker }
            ? new FileSending(cas, server, new ChunkedUpload(cas, server, chunker), new EarlierTrees(cas, server, EarlierTrees.RootsOf(directory, options, features.Choose(options.Function))), options.State)
            : new FileSending(cas, server, null, null, options.State);

    /// <summary>Sends a file; returns how many bytes were sent.</summary>
    /// <exception cref="TreeException">It was changed meanwhile.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public async Task<long> SendAsync(LocalFile file, IProgress<long> done, CancellationToken cancellationToken)
    {
        Digest digest = file.Digest!.Value;
        try
        {
            if (digest.SizeBytes >= ChunkedUpload.MinBytes && server is not null)
                return await SendLargeAsync(file, digest, server, done, cancellationToken);
            using SafeFileHandle handle = File.OpenHandle(file.FullPath);
            await FileUpload.SendAsync(cas, handle, 0, digest, cancellationToken);
            done.Report(digest.SizeBytes);
            return digest.SizeBytes;
        }
        catch (Exception exception) when (exception is BlobMismatchException or FileNotFoundException or DirectoryNotFoundException)
        {
            string what = FileStatus.Of(file.FullPath) == file.Status ? $"arrived damaged: {exception.Message}" : "was changed while it was pushed";
            throw new TreeException($"'{file.Path}' {what}; push again", exception);
        }
    }

    private async Task<long> SendLargeAsync(LocalFile file, Digest digest, CasClient server, IProgress<long> done, CancellationToken cancellationToken)
    {
        using SafeFileHandle handle = File.OpenHandle(file.FullPath);
        if (chunks is not null && earlier is not null && await earlier.HaveChunksOfAsync(file.Path, handle, cancellationToken)
            && await chunks.RunAsync(handle, digest, done, cancellationToken) is { } sent)
            return sent;
        using UploadName name = UploadName.Of(state, digest);
        sent = await FileUpload.ContinueAsync(server, handle, digest, name.Value, done, cancellationToken);
        name.Complete();
        return sent;
    }
}
