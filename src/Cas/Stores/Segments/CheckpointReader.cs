using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>Reads what <see cref="CheckpointWriter"/> wrote: the head at once, the shards one by one and in any order, on several threads if wanted.</summary>
internal sealed class CheckpointReader : IDisposable
{
    private const int ChecksumBytes = 4;
    private const int PieceBytes = 1 << 20; // fits the processor's cache: what was read is still there when the checksum is computed

    private readonly SafeFileHandle file;
    private readonly long length;
    private readonly long[] shards = new long[SegmentIndex.Shards]; // the offset of each

    private CheckpointReader(SafeFileHandle file)
    {
        this.file = file;
        length = RandomAccess.GetLength(file);
    }

    /// <summary>What the checkpoint says of the log.</summary>
    public CheckpointHead Head { get; private set; } = new(0, 0, 0, []);

    /// <summary>Opens a checkpoint; null if it is absent or shows damage.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public static CheckpointReader? TryOpen(string path)
    {
        if (!File.Exists(path))
            return null;
        var reader = new CheckpointReader(File.OpenHandle(path));
        if (reader.TryReadHead(out long end) && reader.TryFindShards(end))
            return reader;
        reader.Dispose();
        return null;
    }

    /// <summary>Loads one shard; false if it is damaged, and then it is to be emptied.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public bool TryLoad(int number, IndexShard shard)
    {
        var checksum = new Crc32C();
        long offset = shards[number];
        Span<byte> head = stackalloc byte[CheckpointWriter.ShardHeadBytes];
        if (!TryRead(head, ref offset, ref checksum))
            return false;
        var odd = new byte[CheckpointWriter.OddSizeBytes * BinaryPrimitives.ReadInt32LittleEndian(head[8..])];
        if (!TryRead(odd, ref offset, ref checksum))
            return false;
        Span<byte> image = shard.Reset(BinaryPrimitives.ReadInt32LittleEndian(head), BinaryPrimitives.ReadInt32LittleEndian(head[4..]));
        if (!TryRead(image, ref offset, ref checksum))
            return false;
        for (ReadOnlySpan<byte> rest = odd; !rest.IsEmpty; rest = rest[CheckpointWriter.OddSizeBytes..])
            shard.AddOddSize(BinaryPrimitives.ReadUInt128LittleEndian(rest), BinaryPrimitives.ReadInt64LittleEndian(rest[16..]));
        return IsNext(checksum.Value, offset);
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    private bool TryReadHead(out long end)
    {
        end = 0;
        Span<byte> start = stackalloc byte[CheckpointWriter.HeadBytes];
        var nothing = new Crc32C();
        if (!TryRead(start, ref end, ref nothing) || BinaryPrimitives.ReadUInt64LittleEndian(start) != CheckpointWriter.Magic)
            return false;
        int headLength = BinaryPrimitives.ReadInt32LittleEndian(start[8..]);
        if (headLength < CheckpointWriter.HeadBytes || headLength > length)
            return false;

        var bytes = new byte[headLength];
        var checksum = new Crc32C();
        end = 0;
        if (!TryRead(bytes, ref end, ref checksum) || !IsNext(checksum.Value, end))
            return false;
        end += ChecksumBytes;
        long segments = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(28));
        if (segments < 0 || CheckpointWriter.HeadBytes + (segments * CheckpointWriter.SegmentBytes) != headLength)
            return false;
        Head = Parse(bytes);
        return true;
    }

    private static CheckpointHead Parse(ReadOnlySpan<byte> bytes)
    {
        var segments = new CoveredSegment[BinaryPrimitives.ReadInt32LittleEndian(bytes[28..])];
        ReadOnlySpan<byte> rest = bytes[CheckpointWriter.HeadBytes..];
        for (int i = 0; i < segments.Length; i++, rest = rest[CheckpointWriter.SegmentBytes..])
        {
            segments[i] = new CoveredSegment(
                BinaryPrimitives.ReadInt32LittleEndian(rest), BinaryPrimitives.ReadInt64LittleEndian(rest[4..]), BinaryPrimitives.ReadUInt32LittleEndian(rest[12..]), null);
        }

        return new CheckpointHead(
            BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]), BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[20..]), segments);
    }

    /// <summary>Goes from shard to shard by their lengths; they must fill the file, and so no damaged number makes us take more memory than it has bytes.</summary>
    private bool TryFindShards(long offset)
    {
        Span<byte> head = stackalloc byte[CheckpointWriter.ShardHeadBytes];
        for (int i = 0; i < shards.Length; i++)
        {
            shards[i] = offset;
            var nothing = new Crc32C();
            if (!TryRead(head, ref offset, ref nothing))
                return false;
            int homes = BinaryPrimitives.ReadInt32LittleEndian(head);
            int entries = BinaryPrimitives.ReadInt32LittleEndian(head[4..]);
            int odd = BinaryPrimitives.ReadInt32LittleEndian(head[8..]);
            long slots = IndexShard.SlotsFor(homes);
            if (homes < 0 || odd < 0 || entries < 0 || entries > slots)
                return false;
            offset += CheckpointWriter.OddSizeBytes * (long)odd + IndexSlot.Bytes * slots + ChecksumBytes;
        }

        return offset == length;
    }

    private bool IsNext(uint checksum, long offset)
    {
        Span<byte> bytes = stackalloc byte[ChecksumBytes];
        return RandomAccess.Read(file, bytes, offset) == ChecksumBytes && BinaryPrimitives.ReadUInt32LittleEndian(bytes) == checksum;
    }

    private bool TryRead(Span<byte> destination, ref long offset, ref Crc32C checksum)
    {
        if (destination.Length > length - offset)
            return false;
        while (!destination.IsEmpty)
        {
            int read = RandomAccess.Read(file, destination[..Math.Min(destination.Length, PieceBytes)], offset);
            if (read == 0)
                return false;
            checksum.Append(destination[..read]);
            destination = destination[read..];
            offset += read;
        }

        return true;
    }
}
