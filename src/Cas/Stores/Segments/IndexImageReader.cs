using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>Reads what <see cref="IndexImageWriter"/> wrote: the head at once, the shards one by one and in any order, on several threads if wanted.</summary>
internal sealed class IndexImageReader : IDisposable
{
    private const int ChecksumBytes = 4;
    private const int PieceBytes = 1 << 20; // fits the processor's cache: what was read is still there when the checksum is computed

    private readonly SafeFileHandle file;
    private readonly long length;
    private readonly long[] shards = new long[SegmentIndex.Shards]; // the offset of each

    private IndexImageReader(SafeFileHandle file)
    {
        this.file = file;
        length = RandomAccess.GetLength(file);
    }

    /// <summary>The head, its magic and its length included.</summary>
    public ReadOnlyMemory<byte> Head { get; private set; }

    /// <summary>Opens a file; null if it is absent, or another, or shows damage.</summary>
    /// <param name="path">The file.</param>
    /// <param name="magic">What its head begins with.</param>
    /// <param name="leastHead">How long its head is at least.</param>
    /// <exception cref="IOException">The disk failed.</exception>
    public static IndexImageReader? TryOpen(string path, ulong magic, int leastHead)
    {
        if (!File.Exists(path))
            return null;
        var reader = new IndexImageReader(File.OpenHandle(path));
        if (reader.TryReadHead(magic, leastHead, out long end) && reader.TryFindShards(end))
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
        Span<byte> head = stackalloc byte[IndexImageWriter.ShardHeadBytes];
        if (!TryRead(head, ref offset, ref checksum))
            return false;
        var odd = new byte[IndexImageWriter.OddSizeBytes * BinaryPrimitives.ReadInt32LittleEndian(head[8..])];
        if (!TryRead(odd, ref offset, ref checksum))
            return false;
        Span<byte> image = shard.Reset(BinaryPrimitives.ReadInt32LittleEndian(head), BinaryPrimitives.ReadInt32LittleEndian(head[4..]));
        if (!TryRead(image, ref offset, ref checksum))
            return false;
        for (ReadOnlySpan<byte> rest = odd; !rest.IsEmpty; rest = rest[IndexImageWriter.OddSizeBytes..])
            shard.AddOddSize(BinaryPrimitives.ReadUInt128LittleEndian(rest), BinaryPrimitives.ReadInt64LittleEndian(rest[16..]));
        return IsNext(checksum.Value, offset);
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    private bool TryReadHead(ulong magic, int leastHead, out long end)
    {
        end = 0;
        Span<byte> start = stackalloc byte[sizeof(ulong) + sizeof(int)];
        var nothing = new Crc32C();
        if (!TryRead(start, ref end, ref nothing) || BinaryPrimitives.ReadUInt64LittleEndian(start) != magic)
            return false;
        int headLength = BinaryPrimitives.ReadInt32LittleEndian(start[sizeof(ulong)..]);
        if (headLength < Math.Max(leastHead, start.Length) || headLength > length)
            return false;

        var bytes = new byte[headLength];
        var checksum = new Crc32C();
        end = 0;
        if (!TryRead(bytes, ref end, ref checksum) || !IsNext(checksum.Value, end))
            return false;
        end += ChecksumBytes;
        Head = bytes;
        return true;
    }

    /// <summary>Goes from shard to shard by their lengths; they must fill the file, and so no damaged number makes us take more memory than it has bytes.</summary>
    private bool TryFindShards(long offset)
    {
        Span<byte> head = stackalloc byte[IndexImageWriter.ShardHeadBytes];
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
            offset += IndexImageWriter.OddSizeBytes * (long)odd + IndexSlot.Bytes * slots + ChecksumBytes;
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
