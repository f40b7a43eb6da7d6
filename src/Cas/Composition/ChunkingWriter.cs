using System.Buffers;
using RemoteExec.Cas.Chunking;
using RemoteExec.Protocol;
using ChunkingFunction = Build.Bazel.Remote.Execution.V2.ChunkingFunction.Types.Value;

namespace RemoteExec.Cas.Composition;

/// <summary>Cuts a blob as it is written, stores its chunks, and at commit its recipe.</summary>
/// <param name="store">Where to.</param>
/// <param name="chunker">That of <see cref="Function"/>.</param>
/// <param name="digest">The blob, longer than the chunker looks ahead, so that nothing of it is a chunk before its end has come.</param>
/// <param name="onDisposed">Called once.</param>
internal sealed class ChunkingWriter(ChunkedStore store, IChunker chunker, Digest digest, Action onDisposed) : BlobWriter
{
    /// <summary>How blobs are cut that nobody asked to cut: as clients do that prefer nothing.</summary>
    public const ChunkingFunction Function = ChunkingFunction.FastCdc2020;

    private readonly List<Digest> chunks = [];
    private readonly List<int> lengths = [];
    private byte[]? buffer = ArrayPool<byte>.Shared.Rent(2 * chunker.LookAheadBytes);
    private int start;
    private int end;
    private long written;
    private bool isCommitted;

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken)
    {
        byte[] gathered = RequireOpen();
        if (data.Length > digest.SizeBytes - written)
            throw new InvalidOperationException($"more than the announced {digest.SizeBytes} bytes for {digest}");
        while (!data.IsEmpty)
        {
            if (end == gathered.Length)
            {
                gathered.AsSpan(start..end).CopyTo(gathered);
                (start, end) = (0, end - start);
            }

            int count = (int)Math.Min(data.Length, gathered.Length - end);
            data.Slice(0, count).CopyTo(gathered.AsSpan(end));
            data = data.Slice(count);
            end += count;
            written += count;
            while (end - start > chunker.LookAheadBytes)
                await CutAsync(gathered, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        byte[] gathered = RequireOpen();
        if (written != digest.SizeBytes)
            throw new InvalidOperationException($"{written} of the announced {digest.SizeBytes} bytes of {digest} were written");
        while (start < end)
            await CutAsync(gathered, cancellationToken);
        try
        {
            await store.KeepRecipeAsync(digest, new Recipe(Function, chunks), cancellationToken);
        }
        catch (BlobsMissingException exception)
        {
            // Not the client's doing, and no other blob's absence: it can be written again.
            throw new StoreUnavailableException("chunks", new IOException($"{exception.Digests.Count} chunks of {digest} had to leave while it was written; write it again")) { MayBeginAnew = true };
        }

        isCommitted = true;
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref buffer, null) is { } rented)
        {
            ArrayPool<byte>.Shared.Return(rented);
            onDisposed();
        }

        return ValueTask.CompletedTask;
    }

    private async ValueTask CutAsync(byte[] gathered, CancellationToken cancellationToken)
    {
        lengths.Clear();
        chunker.Cut(gathered.AsSpan(start..end), lengths);
        foreach (int length in lengths)
        {
            chunks.Add(await store.KeepChunkAsync(digest, gathered.AsMemory(start, length), cancellationToken));
            start += length;
        }
    }

    private byte[] RequireOpen()
    {
        ObjectDisposedException.ThrowIf(buffer is null, this);
        return isCommitted ? throw new InvalidOperationException($"{digest} is committed already") : buffer;
    }
}
