using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace RemoteExec.Python.Wheels;

/// <summary>
/// Reads a zip archive by its directory, and gives files as they are compressed, which the framework does not: so that they can be put into another archive with the same bytes. Archives in several parts, of 4 GiB
/// or more, encrypted ones, and other methods than deflate are refused. Not thread-safe.
/// </summary>
internal sealed class ZipInput
{
    private const uint EndMark = 0x06054b50, ItemMark = 0x02014b50, HeaderMark = 0x04034b50;
    private const int EndBytes = 22, ItemBytes = 46, HeaderBytes = 30, MaxComment = ushort.MaxValue;
    private const int MaxDirectoryBytes = 64 * 1024 * 1024;
    private const int MostByDeflate = 1032; // what a byte of it can become
    private const int Stored = 0, Deflated = 8, Encrypted = 1;
    private readonly Stream archive;

    /// <summary>Reads the directory of an archive.</summary>
    /// <param name="archive">The archive; seekable, stays the caller's.</param>
    /// <exception cref="InvalidDataException">It is none, or one that is not read here.</exception>
    public ZipInput(Stream archive)
    {
        this.archive = archive;
        Items = ReadDirectory();
    }

    /// <summary>What is in it, in the order of its directory.</summary>
    public IReadOnlyList<ZipItem> Items { get; }

    /// <summary>Reads a whole file.</summary>
    /// <param name="item">The file.</param>
    /// <param name="maxBytes">How long it may be.</param>
    /// <exception cref="InvalidDataException">It is longer, or damaged.</exception>
    public byte[] ReadAll(ZipItem item, int maxBytes)
    {
        if (item.Bytes > maxBytes)
            throw new InvalidDataException($"'{Show(item.Name)}' has {item.Bytes} bytes, more than {maxBytes}");
        if (item.Bytes > (item.CompressedBytes + 1) * MostByDeflate) // before there is memory for it
            throw new InvalidDataException($"'{Show(item.Name)}' is damaged");
        using var compressed = new Part(archive, Seek(item), item.CompressedBytes);
        using Stream content = item.IsDeflated ? new DeflateStream(compressed, CompressionMode.Decompress) : compressed;
        byte[] bytes = new byte[item.Bytes];
        int read = content.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        if (read < bytes.Length || content.ReadByte() >= 0 || Crc32.Of(bytes) != item.Crc)
            throw new InvalidDataException($"'{Show(item.Name)}' is damaged");
        return bytes;
    }

    /// <summary>A file as it lies in the archive, to be read before anything else is.</summary>
    /// <exception cref="InvalidDataException">It is not there.</exception>
    public Stream OpenCompressed(ZipItem item) => new Part(archive, Seek(item), item.CompressedBytes);

    private List<ZipItem> ReadDirectory()
    {
        long tailBytes = Math.Min(archive.Length, EndBytes + MaxComment);
        byte[] tail = Read(archive.Length - tailBytes, (int)tailBytes);
        int end = tail.Length - EndBytes;
        while (end >= 0 && BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(end)) != EndMark)
            end--;
        if (end < 0)
            throw new InvalidDataException("it is no zip archive");
        ReadOnlySpan<byte> last = tail.AsSpan(end);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(last[10..]);
        long bytes = BinaryPrimitives.ReadUInt32LittleEndian(last[12..]), offset = BinaryPrimitives.ReadUInt32LittleEndian(last[16..]);
        if (BinaryPrimitives.ReadUInt16LittleEndian(last[4..]) != 0 || BinaryPrimitives.ReadUInt16LittleEndian(last[8..]) != count || count == ushort.MaxValue || offset == uint.MaxValue)
            throw new InvalidDataException("it is a zip archive of several parts, or of more than 65534 files or 4 GiB, which are not read");
        if (bytes > MaxDirectoryBytes || offset + bytes > archive.Length)
            throw new InvalidDataException("its directory is damaged");

        ReadOnlySpan<byte> left = Read(offset, (int)bytes);
        var items = new List<ZipItem>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < count; i++)
        {
            ZipItem item = ReadItem(ref left);
            if (!names.Add(item.Name))
                throw new InvalidDataException($"'{Show(item.Name)}' is in it twice");
            items.Add(item);
        }

        return items;
    }

    private static ZipItem ReadItem(ref ReadOnlySpan<byte> left)
    {
        if (left.Length < ItemBytes || BinaryPrimitives.ReadUInt32LittleEndian(left) != ItemMark)
            throw new InvalidDataException("its directory is damaged");
        int flags = BinaryPrimitives.ReadUInt16LittleEndian(left[8..]), method = BinaryPrimitives.ReadUInt16LittleEndian(left[10..]);
        int nameBytes = BinaryPrimitives.ReadUInt16LittleEndian(left[28..]);
        int length = ItemBytes + nameBytes + BinaryPrimitives.ReadUInt16LittleEndian(left[30..]) + BinaryPrimitives.ReadUInt16LittleEndian(left[32..]);
        if (left.Length < length)
            throw new InvalidDataException("its directory is damaged");
        string name = Encoding.UTF8.GetString(left.Slice(ItemBytes, nameBytes));
        if ((flags & Encrypted) != 0 || method is not (Stored or Deflated))
            throw new InvalidDataException($"'{Show(name)}' is encrypted, or compressed by something else than deflate");
        var item = new ZipItem(
            name, method == Deflated, BinaryPrimitives.ReadUInt32LittleEndian(left[16..]), BinaryPrimitives.ReadUInt32LittleEndian(left[20..]), BinaryPrimitives.ReadUInt32LittleEndian(left[24..]))
        {
            Time = BinaryPrimitives.ReadUInt32LittleEndian(left[12..]),
            Attributes = BinaryPrimitives.ReadUInt32LittleEndian(left[38..]),
            Offset = BinaryPrimitives.ReadUInt32LittleEndian(left[42..]),
        };
        left = left[length..];
        return item;
    }

    // Where the content of a file begins: behind a header, whose lengths are its own.
    private long Seek(ZipItem item)
    {
        ReadOnlySpan<byte> header = Read(item.Offset, HeaderBytes);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header) != HeaderMark)
            throw new InvalidDataException($"'{Show(item.Name)}' is not where its directory says");
        long start = item.Offset + HeaderBytes + BinaryPrimitives.ReadUInt16LittleEndian(header[26..]) + BinaryPrimitives.ReadUInt16LittleEndian(header[28..]);
        return start + item.CompressedBytes <= archive.Length ? start : throw new InvalidDataException($"'{Show(item.Name)}' is cut off");
    }

    private byte[] Read(long offset, int count)
    {
        if (offset + count > archive.Length)
            throw new InvalidDataException("it is cut off");
        var bytes = new byte[count];
        archive.Position = offset;
        archive.ReadExactly(bytes);
        return bytes;
    }

    private static string Show(string name) => name.Length <= 100 ? name : name[..100] + "…";

    /// <summary>A part of the archive.</summary>
    private sealed class Part : Stream
    {
        private readonly Stream archive;
        private long left;

        public Part(Stream archive, long start, long length)
        {
            (this.archive, left) = (archive, length);
            archive.Position = start;
        }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            int read = archive.Read(buffer[..(int)Math.Min(left, buffer.Length)]);
            left -= read;
            return read;
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int read = await archive.ReadAsync(buffer[..(int)Math.Min(left, buffer.Length)], cancellationToken);
            left -= read;
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
