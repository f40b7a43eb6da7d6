using System.Buffers;
using Microsoft.Win32.SafeHandles;
using RemoteExec.Cas.Chunking;
using RemoteExec.Protocol;

namespace RemoteExec.Trees.Local;

/// <summary>Cuts a file into chunks, one after the other. Not thread-safe.</summary>
/// <param name="file">The file; stays the caller's.</param>
/// <param name="chunker">Where chunks end.</param>
/// <param name="sibling">A digest of the instance and the function that those of chunks have.</param>
internal sealed class ChunkCutter(SafeFileHandle file, FastCdc chunker, Digest sibling) : IDisposable
{
    private readonly byte[] buffer = ArrayPool<byte>.Shared.Rent(4 * chunker.MaxBytes);
    private long offset; // in the file, of the start of what is in the buffer
    private int start, end;
    private bool isAtEnd;

    /// <summary>The content of the chunk that <see cref="Next"/> found, valid until its next call.</summary>
    public ReadOnlyMemory<byte> Content { get; private set; }

    /// <summary>The next chunk; null at the end.</summary>
    /// <exception cref="IOException">The file can't be read.</exception>
    public LocalChunk? Next()
    {
        if (end - start < chunker.MaxBytes)
            Fill();
        if (start == end)
            return null;
        int length = chunker.FirstChunk(buffer.AsSpan(start..end));
        Content = buffer.AsMemory(start, length);
        var chunk = new LocalChunk(sibling.SiblingOf(Content.Span), offset + start);
        start += length;
        return chunk;
    }

    /// <inheritdoc/>
    public void Dispose() => ArrayPool<byte>.Shared.Return(buffer);

    private void Fill()
    {
        buffer.AsSpan(start..end).CopyTo(buffer);
        offset += start;
        (start, end) = (0, end - start);
        while (!isAtEnd && end < buffer.Length)
        {
            int count = RandomAccess.Read(file, buffer.AsSpan(end), offset + end);
            isAtEnd = count == 0;
            end += count;
        }
    }
}
