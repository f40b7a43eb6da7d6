using System.Buffers;
using RemoteExec.Cas.Compression;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// Reads a compressed value from its segment (<see cref="CompressedValue"/>): its content, or its frames as they are. A read that starts further on decompresses what is
/// before, so every one knows of damage; the checksum is verified before the last bytes are handed out.
/// </summary>
internal sealed class CompressedReader(
    SegmentStore store, SegmentFile segment, UInt128 tag, RecordPlace place, RecordHeader header, long length, long offset) : BlobReader
{
    private const int BufferBytes = 64 * 1024;

    private SegmentFile? held = segment;
    private ZstdContext? context;
    private byte[]? buffer;
    private int start;
    private int end;
    private bool mayHaveMore; // output that did not fit the last time
    private Crc32C checksum = new();
    private long position; // in the stored value
    private long content; // how much of the content was decompressed

    /// <inheritdoc/>
    public override long Length => length;

    /// <inheritdoc/>
    public override long? ZstdLength => offset == 0 ? header.ValueLength - CompressedValue.PrefixBytes : null;

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(held is null, this);
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<int>(cancellationToken);
        if (destination.IsEmpty || Math.Max(content, offset) == length)
            return ValueTask.FromResult(0);

        // Synchronous on purpose, see SegmentFile.Write.
        try
        {
            if (content < offset)
                Skip(cancellationToken);
            int read = Decompress(destination.Span[..(int)Math.Min(destination.Length, length - content)]);
            if (content == length)
                VerifyEnd();
            return ValueTask.FromResult(read);
        }
        catch (InvalidDataException)
        {
            return ValueTask.FromException<int>(Damaged());
        }
    }

    /// <inheritdoc/>
    public override ValueTask<int> ReadZstdAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(held is null, this);
        if (offset != 0)
            return base.ReadZstdAsync(destination, cancellationToken);
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<int>(cancellationToken);
        try
        {
            return ValueTask.FromResult(ReadStored(destination.Span));
        }
        catch (InvalidDataException)
        {
            return ValueTask.FromException<int>(Damaged());
        }
    }

    /// <inheritdoc/>
    public override void Discard() => store.Log.Drop(tag, place);

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        context?.Dispose();
        context = null;
        if (buffer is not null)
            ArrayPool<byte>.Shared.Return(buffer);
        buffer = null;
        Interlocked.Exchange(ref held, null)?.Release();
        return ValueTask.CompletedTask;
    }

    private void Skip(CancellationToken cancellationToken)
    {
        byte[] skipped = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (content < offset)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Decompress(skipped.AsSpan(0, (int)Math.Min(skipped.Length, offset - content)));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(skipped);
        }
    }

    /// <summary>Decompresses the next bytes of the content, at least one.</summary>
    /// <exception cref="InvalidDataException">The value is damaged.</exception>
    private int Decompress(Span<byte> destination)
    {
        while (true)
        {
            int written = Run(destination);
            content += written;
            if (written > 0)
                return written;
        }
    }

    /// <summary>All of the content is there: nothing but the end of its frame may follow, and the checksum has to be right.</summary>
    private void VerifyEnd()
    {
        Span<byte> beyond = stackalloc byte[1];
        while (start < end || position < header.ValueLength)
        {
            if (Run(beyond) > 0)
                throw new InvalidDataException("the value is longer than it says");
        }
    }

    private int Run(Span<byte> destination)
    {
        context ??= ZstdContext.Decompressor();
        buffer ??= ArrayPool<byte>.Shared.Rent(BufferBytes);
        if (start == end && !mayHaveMore)
        {
            start = 0;
            end = ReadStored(buffer);
            if (end == 0)
                throw new InvalidDataException("the value is shorter than it says");
        }

        bool isBetweenFrames = context.Run(buffer.AsSpan(start..end), destination, isLast: false, out int consumed, out int written);
        start += consumed;
        mayHaveMore = !isBetweenFrames && written == destination.Length;
        return written;
    }

    /// <summary>Reads the next bytes of the frames, and verifies the checksum with the last ones; 0 at their end.</summary>
    /// <exception cref="InvalidDataException">The value is damaged.</exception>
    private int ReadStored(Span<byte> destination)
    {
        if (position == 0)
        {
            Span<byte> prefix = stackalloc byte[CompressedValue.PrefixBytes];
            ReadExactly(prefix);
        }

        int count = (int)Math.Min(destination.Length, header.ValueLength - position);
        ReadExactly(destination[..count]);
        if (count > 0 && position == header.ValueLength && checksum.Value != header.Checksum)
            throw new InvalidDataException("the checksum is wrong");
        return count;
    }

    private void ReadExactly(Span<byte> destination)
    {
        if (held!.Read(destination, place.Offset + header.Length + position) < destination.Length)
            throw new InvalidDataException("the segment is shorter than the value");
        checksum.Append(destination);
        position += destination.Length;
    }

    private BlobCorruptException Damaged()
    {
        store.DropDamaged(tag, place, held!);
        return new BlobCorruptException(header.Digest);
    }
}
