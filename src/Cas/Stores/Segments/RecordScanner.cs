using System.Buffers;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// Finds the records of a segment by reading it. It relies on nothing but authentic headers, for which it looks at every possible place:
/// a hole, a torn record or damage costs the records it touches and no other.
/// </summary>
internal sealed class RecordScanner(SegmentFile segment, StoreKey key) : IDisposable
{
    private const int BufferLength = 1 << 20;

    private readonly byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferLength);
    private readonly long fileLength = segment.FileLength;
    private long bufferStart;
    private int buffered;

    /// <summary>The offsets of records whose header is authentic and whose value is not whole.</summary>
    public List<long> DamagedOffsets { get; } = [];

    /// <summary>The number of such records.</summary>
    public int Damaged => DamagedOffsets.Count;

    /// <summary>Where the last undamaged record ended, at least where the scan started.</summary>
    public long End { get; private set; }

    /// <summary>Yields the undamaged records from an offset on, values verified.</summary>
    /// <exception cref="StoreUnavailableException">The disk failed.</exception>
    public IEnumerable<(RecordPlace Place, RecordHeader Header)> Scan(long start, CancellationToken cancellationToken)
    {
        End = start;
        for (long offset = start; offset < fileLength;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!TryReadHeader(offset, out RecordHeader header))
            {
                if (segment.IsSingle)
                    yield break; // one record, at the start
                offset = NextCandidate(offset + RecordHeader.Alignment);
                continue;
            }

            long end = offset + header.RecordLength;
            if (!IsWhole(offset + header.Length, header, cancellationToken))
            {
                // Others may stand where its value should: its write failed half-way, and its space was given to them.
                DamagedOffsets.Add(offset);
                offset += header.Length;
                continue;
            }

            End = end;
            yield return (RecordPlace.At(segment.Number, offset), header);
            offset = end;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => ArrayPool<byte>.Shared.Return(buffer);

    private bool TryReadHeader(long offset, out RecordHeader header)
    {
        ReadOnlySpan<byte> bytes = Peek(offset, RecordHeader.MaxLength);
        return RecordHeader.TryRead(bytes, key, RecordPlace.At(segment.Number, offset), out header);
    }

    /// <summary>The next place where a header may begin, or the end of the file.</summary>
    private long NextCandidate(long offset)
    {
        while (!Peek(offset, RecordHeader.Alignment).IsEmpty)
        {
            ReadOnlySpan<byte> bytes = Buffered(offset);
            int found = RecordHeader.IndexOfStart(bytes);
            if (found >= 0)
                return offset + found;
            offset += Math.Max(RecordHeader.Alignment, bytes.Length & ~(RecordHeader.Alignment - 1));
        }

        return fileLength;
    }

    private bool IsWhole(long offset, in RecordHeader header, CancellationToken cancellationToken)
    {
        var checksum = new Crc32C();
        for (long left = header.ValueLength; left > 0;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ReadOnlySpan<byte> bytes = Peek(offset, (int)Math.Min(left, BufferLength));
            if (bytes.IsEmpty)
                return false;
            if (bytes.Length > left)
                bytes = bytes[..(int)left];
            checksum.Append(bytes);
            offset += bytes.Length;
            left -= bytes.Length;
        }

        return checksum.Value == header.Checksum;
    }

    /// <summary>What stands at an offset, from the buffer: the wanted number of bytes if the file has them.</summary>
    private ReadOnlySpan<byte> Peek(long offset, int wanted)
    {
        if (offset < bufferStart || offset + wanted > bufferStart + buffered)
        {
            bufferStart = offset;
            buffered = segment.Read(buffer.AsSpan(0, BufferLength), offset);
        }

        ReadOnlySpan<byte> rest = Buffered(offset);
        return rest.Length > wanted ? rest[..wanted] : rest;
    }

    private ReadOnlySpan<byte> Buffered(long offset) => buffer.AsSpan((int)(offset - bufferStart), buffered - (int)(offset - bufferStart));
}
