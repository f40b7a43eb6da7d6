using System.Buffers;

namespace RemoteExec.Cas.Chunking;

/// <summary>Reads a blob chunk by chunk. Not thread-safe.</summary>
/// <param name="blob">The blob, at its start; stays the caller's.</param>
/// <param name="chunker">Where chunks end.</param>
internal sealed class ChunkReader(BlobReader blob, IChunker chunker) : IDisposable
{
    private readonly byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(2L * chunker.LookAheadBytes, blob.Length + 1));
    private readonly List<int> lengths = [];
    private int next; // of the lengths
    private int start;
    private int end;
    private bool isAtEnd;

    /// <summary>The next chunk, valid until the next call; empty at the end of the blob.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> NextAsync(CancellationToken cancellationToken)
    {
        if (next == lengths.Count)
        {
            lengths.Clear();
            next = 0;
            await FillAsync(cancellationToken);
            if (start == end)
                return ReadOnlyMemory<byte>.Empty;
            chunker.Cut(buffer.AsSpan(start, end - start), lengths);
        }

        int length = lengths[next++];
        start += length;
        return buffer.AsMemory(start - length, length);
    }

    /// <inheritdoc/>
    public void Dispose() => ArrayPool<byte>.Shared.Return(buffer);

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        while (!isAtEnd && end - start < chunker.LookAheadBytes)
        {
            if (end == buffer.Length)
            {
                buffer.AsSpan(start..end).CopyTo(buffer);
                (start, end) = (0, end - start);
            }

            int read = await blob.ReadAsync(buffer.AsMemory(end), cancellationToken);
            isAtEnd = read == 0;
            end += read;
        }
    }
}
