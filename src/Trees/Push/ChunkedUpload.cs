using Microsoft.Win32.SafeHandles;
using RemoteExec.Cas;
using RemoteExec.Cas.Chunking;
using RemoteExec.Protocol;
using RemoteExec.Trees.Local;
using RemoteExec.Trees.Remote;

namespace RemoteExec.Trees.Push;

/// <summary>Uploads large files chunk by chunk, and only the chunks that the server lacks: what was sent of a file before a push was broken off, or is in another file, is not sent again.</summary>
/// <param name="cas">The server's blobs.</param>
/// <param name="server">Puts them together.</param>
/// <param name="chunker">Where chunks end.</param>
internal sealed class ChunkedUpload(IBlobStore cas, CasClient server, FastCdc chunker)
{
    /// <summary>The shortest file that is uploaded so: anything shorter is a few chunks, and quickly sent.</summary>
    public const long MinBytes = 8 * 1024 * 1024;

    private const int BytesAtOnce = 32 * 1024 * 1024;
    private const int UploadsAtOnce = 4;

    /// <summary>Uploads a file; returns how many bytes were sent, or null if the server won't put the chunks together.</summary>
    /// <param name="file">The file.</param>
    /// <param name="digest">Its digest.</param>
    /// <param name="done">Told of bytes that need not be sent any more.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="BlobMismatchException">The file has another content meanwhile.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public async Task<long?> RunAsync(SafeFileHandle file, Digest digest, IProgress<long> done, CancellationToken cancellationToken)
    {
        using var cutter = new ChunkCutter(file, chunker, digest);
        var all = new List<Digest>();
        long sent = 0;
        Task<long> previous = Task.FromResult(0L); // sends, while what follows is cut
        try
        {
            while (Cut(cutter, cancellationToken) is { Count: > 0 } chunks)
            {
                all.AddRange(chunks.Select(chunk => chunk.Digest));
                sent += await previous;
                previous = SendAsync(file, chunks, done, cancellationToken);
            }
        }
        finally
        {
            sent += await previous;
        }

        return await server.SpliceAsync(digest, all, cancellationToken) ? sent : null;
    }

    private static List<LocalChunk> Cut(ChunkCutter cutter, CancellationToken cancellationToken)
    {
        var chunks = new List<LocalChunk>();
        for (long bytes = 0; bytes < BytesAtOnce && cutter.Next() is { } chunk; bytes += chunk.Digest.SizeBytes)
        {
            cancellationToken.ThrowIfCancellationRequested();
            chunks.Add(chunk);
        }

        return chunks;
    }

    private async Task<long> SendAsync(SafeFileHandle file, List<LocalChunk> chunks, IProgress<long> done, CancellationToken cancellationToken)
    {
        HashSet<Digest> missing = [.. await cas.FindMissingAsync([.. chunks.Select(chunk => chunk.Digest)], cancellationToken)];
        done.Report(chunks.Where(chunk => !missing.Contains(chunk.Digest)).Sum(chunk => chunk.Digest.SizeBytes));
        long sent = 0;
        var options = new ParallelOptions { MaxDegreeOfParallelism = UploadsAtOnce, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(chunks.Where(chunk => missing.Contains(chunk.Digest)).DistinctBy(chunk => chunk.Digest), options, async (chunk, token) =>
        {
            await FileUpload.SendAsync(cas, file, chunk.Offset, chunk.Digest, token);
            Interlocked.Add(ref sent, chunk.Digest.SizeBytes);
            done.Report(chunk.Digest.SizeBytes);
        });
        return sent;
    }
}
