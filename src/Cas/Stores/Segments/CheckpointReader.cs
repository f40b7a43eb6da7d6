using System.Buffers;
using System.Buffers.Binary;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>Reads what <see cref="CheckpointWriter"/> wrote.</summary>
internal sealed class CheckpointReader : IDisposable
{
    private const int BufferBytes = 1 << 18;
    private const int ChecksumBytes = 4;

    private readonly FileStream stream;
    private readonly byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
    private int start;
    private int end;

    private CheckpointReader(FileStream stream) => this.stream = stream;

    /// <summary>What the checkpoint says of the log.</summary>
    public CheckpointHead Head { get; private set; } = new(0, 0, 0, []);

    /// <summary>Opens a checkpoint; null if it is absent or damaged.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public static CheckpointReader? TryOpen(string path)
    {
        if (!File.Exists(path))
            return null;
        var reader = new CheckpointReader(new FileStream(path, new FileStreamOptions { Access = FileAccess.Read, BufferSize = 0 }));
        if (reader.IsIntact() && reader.ReadHead())
            return reader;
        reader.Dispose();
        return null;
    }

    /// <summary>The entries; to be enumerated once.</summary>
    public IEnumerable<KeyValuePair<UInt128, IndexEntry>> Entries()
    {
        for (int shard = 0; shard < SegmentIndex.Shards; shard++)
        {
            for (int left = Int32(); left > 0; left--)
            {
                ulong low = UInt64(), high = UInt64();
                var place = new RecordPlace(Int32(), (uint)Int32());
                yield return new(new UInt128(high, low), new IndexEntry(place, (long)UInt64(), (long)UInt64(), (uint)Int32()));
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(buffer);
        stream.Dispose();
    }

    /// <summary>Everything that is parsed afterwards was written by a <see cref="CheckpointWriter"/>, whole.</summary>
    private bool IsIntact()
    {
        var checksum = new Crc32C();
        long left = stream.Length - ChecksumBytes;
        if (left < 8)
            return false;
        while (left > 0)
        {
            int read = stream.Read(buffer, 0, (int)Math.Min(left, buffer.Length));
            if (read == 0)
                return false;
            checksum.Append(buffer.AsSpan(0, read));
            left -= read;
        }

        stream.ReadExactly(buffer, 0, ChecksumBytes);
        uint expected = BinaryPrimitives.ReadUInt32LittleEndian(buffer);
        stream.Position = 0;
        return expected == checksum.Value;
    }

    private bool ReadHead()
    {
        if (UInt64() != CheckpointWriter.Magic)
            return false;
        int nextNumber = Int32();
        uint era = (uint)Int32();
        long sequence = (long)UInt64();
        var segments = new CoveredSegment[Int32()];
        for (int i = 0; i < segments.Length; i++)
            segments[i] = new CoveredSegment(Int32(), (long)UInt64(), (uint)Int32(), null);
        Head = new CheckpointHead(nextNumber, era, sequence, segments);
        return true;
    }

    private int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Next(4));

    private ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Next(8));

    private ReadOnlySpan<byte> Next(int count)
    {
        if (end - start < count)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            end -= start;
            start = 0;
            end += stream.ReadAtLeast(buffer.AsSpan(end), count - end);
        }

        start += count;
        return buffer.AsSpan(start - count, count);
    }
}
