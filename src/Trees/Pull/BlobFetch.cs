using System.Buffers;
using System.Threading;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Trees.Pull;

/// <summary>Fetches files out of the CAS, verifies them, and counts what came over the network.</summary>
/// <param name="cas">The server's blobs.</param>
/// <param name="chunks">Fetches large files for which there is something alike on this machine; null if the server has no chunks.</param>
internal sealed class BlobFetch(IBlobStore cas, ChunkedFetch? chunks)
{
    private const int BufferBytes = 256 * 1024;
    private int blobs;
    private long bytes;

    /// <summary>How many blobs were fetched.</summary>
    public int Blobs => blobs + (chunks?.Blobs ?? 0);

    /// <summary>Their bytes.</summary>
    public long Bytes => bytes + (chunks?.Bytes ?? 0);

    /// <summary>Writes a file.</summary>
    /// <param name="digest">Its content.</param>
    /// <param name="path">The file; nothing may be there.</param>
    /// <param name="isExecutable">Whether it can be executed.</param>
    /// <param name="alike">Files on this machine that may have much in common with it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="TreeException">The CAS lacks it, or has something else.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    /// <exception cref="IOException">It can't be written.</exception>
    public async Task WriteAsync(Digest digest, string path, bool isExecutable, IReadOnlyList<string> alike, CancellationToken cancellationToken)
    {
        if (chunks is not null && digest.SizeBytes >= ChunkedFetch.MinBytes && alike.Count > 0 && await chunks.TryWriteAsync(digest, path, isExecutable, alike, cancellationToken))
            return;
        using var file = new NewFile(path, digest, isExecutable);
        await using BlobReader reader = await cas.OpenReadAsync(digest, 0, cancellationToken) ?? throw Missing(digest);
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(digest.SizeBytes, 1, BufferBytes));
        try
        {
            long left = digest.SizeBytes;
            for (int count; (count = await reader.ReadAsync(buffer, cancellationToken)) > 0 && left >= count; left -= count)
                file.Append(buffer.AsSpan(0, count));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (!file.TryFinish())
            throw new TreeException($"the server sent something else than {digest}");
        Interlocked.Increment(ref blobs);
        Interlocked.Add(ref bytes, digest.SizeBytes);
    }

    /// <summary>What is told of a blob that is not there.</summary>
    public static TreeException Missing(Digest digest) => new($"the server lacks {digest}, a file of the tree: have it pushed again");
}
