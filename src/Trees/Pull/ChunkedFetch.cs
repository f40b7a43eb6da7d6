using System.Buffers;
using System.Threading;
using Microsoft.Win32.SafeHandles;
using RemoteExec.Cas;
using RemoteExec.Cas.Chunking;
using RemoteExec.Protocol;
using RemoteExec.Trees.Local;
using RemoteExec.Trees.Remote;

namespace RemoteExec.Trees.Pull;

/// <summary>Puts large files together out of chunks: those that are in other files on this machine, and those that only the server has.</summary>
/// <param name="cas">The server's blobs.</param>
/// <param name="server">Says of which chunks a blob is made.</param>
/// <param name="chunker">Where chunks end.</param>
internal sealed class ChunkedFetch(IBlobStore cas, CasClient server, FastCdc chunker)
{
    /// <summary>The shortest file that is fetched so.</summary>
    public const long MinBytes = 8 * 1024 * 1024;

    private const int FetchesAhead = 8;
    private const int MaxChunkBytes = 64 * 1024 * 1024;
    private int blobs;
    private long bytes;

    /// <summary>How many chunks were fetched.</summary>
    public int Blobs => blobs;

    /// <summary>Their bytes.</summary>
    public long Bytes => bytes;

    /// <summary>Writes a file; false, and there is none, if it had better be fetched whole.</summary>
    /// <param name="digest">Its content.</param>
    /// <param name="path">The file; nothing may be there.</param>
    /// <param name="isExecutable">Whether it can be executed.</param>
    /// <param name="alike">Files on this machine that may have chunks in common with it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="CasException">The CAS fails.</exception>
    /// <exception cref="IOException">It can't be written.</exception>
    public async Task<bool> TryWriteAsync(Digest digest, string path, bool isExecutable, IReadOnlyList<string> alike, CancellationToken cancellationToken)
    {
        if (await server.SplitAsync(digest, cancellationToken) is not { } wanted || wanted.Any(chunk => chunk.SizeBytes > MaxChunkBytes))
            return false;
        var handles = new List<SafeFileHandle>();
        try
        {
            Dictionary<Digest, (SafeFileHandle File, long Offset)> local = FindLocal([.. wanted], alike, handles, cancellationToken);
            return local.Count > 0 && await WriteAsync(digest, wanted, local, path, isExecutable, cancellationToken);
        }
        finally
        {
            handles.ForEach(handle => handle.Dispose());
        }
    }

    private Dictionary<Digest, (SafeFileHandle File, long Offset)> FindLocal(HashSet<Digest> wanted, IReadOnlyList<string> alike, List<SafeFileHandle> handles, CancellationToken cancellationToken)
    {
        var found = new Dictionary<Digest, (SafeFileHandle, long)>();
        foreach (string path in alike)
        {
            SafeFileHandle handle = File.OpenHandle(path);
            handles.Add(handle);
            using var cutter = new ChunkCutter(handle, chunker, wanted.First());
            while (cutter.Next() is { } chunk)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (wanted.Contains(chunk.Digest))
                    found.TryAdd(chunk.Digest, (handle, chunk.Offset));
            }
        }

        return found;
    }

    private async Task<bool> WriteAsync(
        Digest digest, IReadOnlyList<Digest> wanted, Dictionary<Digest, (SafeFileHandle File, long Offset)> local, string path, bool isExecutable, CancellationToken cancellationToken)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var file = new NewFile(path, digest, isExecutable);
        var ahead = new Queue<Task<byte[]?>>();
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)wanted.Max(chunk => chunk.SizeBytes));
        try
        {
            for (int next = 0, at = 0; at < wanted.Count; at++)
            {
                for (; next < wanted.Count && ahead.Count < FetchesAhead; next++)
                {
                    if (!local.ContainsKey(wanted[next]))
                        ahead.Enqueue(FetchAsync(wanted[next], giveUp.Token));
                }

                if (!local.TryGetValue(wanted[at], out (SafeFileHandle File, long Offset) place))
                {
                    if (await ahead.Dequeue() is not { } content)
                        return false;
                    file.Append(content);
                }
                else
                {
                    Memory<byte> memory = buffer.AsMemory(0, (int)wanted[at].SizeBytes);
                    if (RandomAccess.Read(place.File, memory.Span, place.Offset) != memory.Length)
                        return false; // changed meanwhile
                    file.Append(memory.Span);
                }
            }

            return file.TryFinish();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            await giveUp.CancelAsync();
            await Task.WhenAll(ahead).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task<byte[]?> FetchAsync(Digest chunk, CancellationToken cancellationToken)
    {
        byte[]? content = await cas.ReadAllAsync(chunk, MaxChunkBytes, cancellationToken);
        Interlocked.Increment(ref blobs);
        Interlocked.Add(ref bytes, content?.Length ?? 0);
        return content;
    }
}
