using System.Buffers;
using System.Buffers.Binary;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// Writes the index to a file, while the store goes on. Little-endian:
/// <code>
/// u64 magic, i32 next segment number, u32 era, i64 sequence
/// i32 segments, and for each, the next to be evicted first:  i32 number, i64 end of what is covered, u32 forgotten era
/// for each shard: i32 entries, and for each:                 u128 tag, i32 segment, u32 unit, i64 length, i64 digest size, u32 last use
/// u32 CRC-32C of all before
/// </code>
/// </summary>
/// <remarks>
/// It takes down first how far each segment is covered, then brings the segments to the medium, then copies the index shard by shard. What
/// changed in between lies beyond the covered ends, where recovery reads the segments themselves, or in segments that are gone.
/// </remarks>
internal sealed class CheckpointWriter(StoreDirectory directory, SegmentLog log, bool isDue)
{
    /// <summary>The first bytes of a checkpoint, "RXCHKP01".</summary>
    public const ulong Magic = 0x3130504b48435852;

    /// <summary>The length of one entry.</summary>
    public const int EntryBytes = 44;

    private const int BufferBytes = 1 << 18;

    private readonly SemaphoreSlim writing = new(1); // one checkpoint at a time
    private bool isOverdue = isDue;
    private long reservedAtLast;
    private long lengthOfLast;

    /// <summary>
    /// True if as much was written since the last checkpoint that another one is worth its bytes: a segment, or four times the checkpoint.
    /// </summary>
    public bool IsDue => isOverdue || log.ReservedBytes - reservedAtLast >= Math.Max(log.SegmentBytes, 4 * lengthOfLast);

    /// <summary>Writes a checkpoint.</summary>
    /// <exception cref="IOException">The disk failed; the checkpoint before is still there.</exception>
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            Write(cancellationToken);
        }
        finally
        {
            writing.Release();
        }
    }

    private void Write(CancellationToken cancellationToken)
    {
        long reserved = log.ReservedBytes;
        CheckpointHead head = log.CaptureHead();
        try
        {
            foreach (CoveredSegment segment in head.Segments)
            {
                cancellationToken.ThrowIfCancellationRequested();
                segment.File!.Flush();
            }
        }
        finally
        {
            foreach (CoveredSegment segment in head.Segments)
                segment.File!.Release();
        }

        string path = directory.CheckpointPath;
        using (FileStream stream = StoreDirectory.CreateFile(path + ".new"))
        {
            WriteTo(stream, head, cancellationToken);
            stream.Flush(flushToDisk: true);
            lengthOfLast = stream.Length;
        }

        if (File.Exists(path))
            File.Move(path, directory.OldCheckpointPath, overwrite: true);
        File.Move(path + ".new", path, overwrite: true);
        reservedAtLast = reserved;
        isOverdue = false;
    }

    private void WriteTo(FileStream stream, CheckpointHead head, CancellationToken cancellationToken)
    {
        byte[] rented = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            var output = new Output(stream, rented);
            output.UInt64(Magic);
            output.Int32(head.NextNumber);
            output.Int32((int)head.Era);
            output.UInt64((ulong)head.Sequence);
            output.Int32(head.Segments.Count);
            foreach (CoveredSegment segment in head.Segments)
            {
                output.Int32(segment.Number);
                output.UInt64((ulong)segment.End);
                output.Int32((int)segment.ForgottenEra);
            }

            var entries = new List<KeyValuePair<UInt128, IndexEntry>>();
            for (int shard = 0; shard < SegmentIndex.Shards; shard++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                entries.Clear();
                log.CopyShard(shard, entries);
                output.Int32(entries.Count);
                foreach ((UInt128 tag, IndexEntry entry) in entries)
                {
                    output.UInt64((ulong)tag);
                    output.UInt64((ulong)(tag >> 64));
                    output.Int32(entry.Place.Segment);
                    output.Int32((int)entry.Place.Unit);
                    output.UInt64((ulong)entry.Length);
                    output.UInt64((ulong)entry.DigestSize);
                    output.Int32((int)entry.LastUse);
                }
            }

            output.End();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private struct Output(FileStream stream, byte[] buffer)
    {
        private Crc32C checksum = new();
        private int filled;

        public void Int32(int value) => BinaryPrimitives.WriteInt32LittleEndian(Next(4), value);

        public void UInt64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Next(8), value);

        public void End()
        {
            Flush();
            Int32((int)checksum.Value);
            Flush();
        }

        private Span<byte> Next(int count)
        {
            if (filled + count > buffer.Length)
                Flush();
            filled += count;
            return buffer.AsSpan(filled - count, count);
        }

        private void Flush()
        {
            checksum.Append(buffer.AsSpan(0, filled));
            stream.Write(buffer, 0, filled);
            filled = 0;
        }
    }
}
