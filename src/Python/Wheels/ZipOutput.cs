using System.Buffers.Binary;
using System.Text;

namespace RemoteExec.Python.Wheels;

/// <summary>Writes a zip archive whose bytes depend on nothing but what is put into it: no clock, no compression of its own. Not thread-safe.</summary>
/// <param name="output">Where it goes; stays the caller's.</param>
internal sealed class ZipOutput(Stream output)
{
    private const int HeaderBytes = 30, ItemBytes = 46, EndBytes = 22;
    private const ushort Version = 20, MadeByUnix = (3 << 8) | Version, NameIsUtf8 = 1 << 11;
    private readonly List<ZipItem> items = [];
    private long position;

    /// <summary>How long an archive of such files is.</summary>
    public static long LengthOf(IEnumerable<ZipItem> files) => EndBytes + files.Sum(file => HeaderBytes + ItemBytes + (2L * Encoding.UTF8.GetByteCount(file.Name)) + file.CompressedBytes);

    /// <summary>Adds a file.</summary>
    /// <param name="item">What it is; its offset does not count.</param>
    /// <param name="write">Writes its content as the item says: compressed, or not.</param>
    /// <exception cref="InvalidDataException">The archive would be too long.</exception>
    public async Task AddAsync(ZipItem item, Func<Stream, Task> write)
    {
        byte[] name = Encoding.UTF8.GetBytes(item.Name);
        byte[] header = new byte[HeaderBytes + name.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(header, 0x04034b50);
        WriteShared(header.AsSpan(4), item, name.Length);
        name.CopyTo(header.AsSpan(HeaderBytes));
        items.Add(item with { Offset = position });
        await output.WriteAsync(header);
        await write(output);
        position += header.Length + item.CompressedBytes;
        if (position >= uint.MaxValue || items.Count >= ushort.MaxValue)
            throw new InvalidDataException("it would have 4 GiB, or 65535 files, or more");
    }

    /// <summary>Adds a file that is at hand, uncompressed.</summary>
    public Task AddAsync(string name, byte[] content, ZipItem like) =>
        AddAsync(like with { Name = name, IsDeflated = false, Crc = Crc32.Of(content), CompressedBytes = content.Length, Bytes = content.Length }, stream => stream.WriteAsync(content).AsTask());

    /// <summary>Writes the directory, behind all files.</summary>
    public async Task FinishAsync()
    {
        long start = position;
        foreach (ZipItem item in items)
        {
            byte[] name = Encoding.UTF8.GetBytes(item.Name);
            byte[] entry = new byte[ItemBytes + name.Length];
            BinaryPrimitives.WriteUInt32LittleEndian(entry, 0x02014b50);
            BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(4), MadeByUnix);
            WriteShared(entry.AsSpan(6), item, name.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(38), item.Attributes);
            BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(42), (uint)item.Offset);
            name.CopyTo(entry.AsSpan(ItemBytes));
            await output.WriteAsync(entry);
            position += entry.Length;
        }

        if (position >= uint.MaxValue)
            throw new InvalidDataException("it would have 4 GiB or more");
        byte[] end = new byte[EndBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(end, 0x06054b50);
        BinaryPrimitives.WriteUInt16LittleEndian(end.AsSpan(8), (ushort)items.Count);
        BinaryPrimitives.WriteUInt16LittleEndian(end.AsSpan(10), (ushort)items.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(end.AsSpan(12), (uint)(position - start));
        BinaryPrimitives.WriteUInt32LittleEndian(end.AsSpan(16), (uint)start);
        await output.WriteAsync(end);
    }

    // What a header and an entry of the directory have in common.
    private static void WriteShared(Span<byte> at, ZipItem item, int nameBytes)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(at, Version);
        BinaryPrimitives.WriteUInt16LittleEndian(at[2..], item.Name.All(char.IsAscii) ? (ushort)0 : NameIsUtf8);
        BinaryPrimitives.WriteUInt16LittleEndian(at[4..], item.IsDeflated ? (ushort)8 : (ushort)0);
        BinaryPrimitives.WriteUInt32LittleEndian(at[6..], item.Time);
        BinaryPrimitives.WriteUInt32LittleEndian(at[10..], item.Crc);
        BinaryPrimitives.WriteUInt32LittleEndian(at[14..], (uint)item.CompressedBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(at[18..], (uint)item.Bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(at[22..], (ushort)nameBytes);
    }
}
