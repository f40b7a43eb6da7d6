using System.Buffers.Binary;
using System.Text;

namespace RemoteExec.Images.Export;

/// <summary>
/// Writes the blocks of 512 bytes that stand before content in a tar archive of the GNU kind. Byte for byte the same everywhere: owner root, no time, and none of what the framework's
/// writer adds (it puts its process id into some names).
/// </summary>
public static class TarHeader
{
    /// <summary>The length of a block.</summary>
    public const int BlockBytes = 512;

    private const int ShortNameBytes = 100;
    private const long LargestOctal = 0x1_FFFF_FFFF; // eleven digits

    /// <summary>The header of an entry; more than one block if its name or its target is long.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="type">Its type: <c>0</c> a file, <c>2</c> a symlink, <c>5</c> a directory.</param>
    /// <param name="mode">Its permissions.</param>
    /// <param name="length">The length of its content.</param>
    /// <param name="target">What a symlink says.</param>
    public static byte[] Write(string name, char type, int mode, long length, string target = "")
    {
        byte[] nameBytes = Encoding.UTF8.GetBytes(name), targetBytes = Encoding.UTF8.GetBytes(target);
        return
        [
            .. targetBytes.Length > ShortNameBytes ? Long('K', targetBytes) : [],
            .. nameBytes.Length > ShortNameBytes ? Long('L', nameBytes) : [],
            .. Block(nameBytes, type, mode, length, targetBytes),
        ];
    }

    /// <summary>How many bytes fill the last block of some content.</summary>
    public static int PaddingOf(long length) => (int)((BlockBytes - (length % BlockBytes)) % BlockBytes);

    private static byte[] Long(char type, byte[] text)
    {
        int length = text.Length + 1; // a NUL ends it
        byte[] content = new byte[length + PaddingOf(length)];
        text.CopyTo(content, 0);
        return [.. Block("././@LongLink"u8, type, 0, length, []), .. content];
    }

    private static byte[] Block(ReadOnlySpan<byte> name, char type, int mode, long length, ReadOnlySpan<byte> target)
    {
        byte[] block = new byte[BlockBytes];
        name[..Math.Min(name.Length, ShortNameBytes)].CopyTo(block);
        WriteOctal(block.AsSpan(100, 8), mode);
        WriteOctal(block.AsSpan(108, 8), 0); // user
        WriteOctal(block.AsSpan(116, 8), 0); // group
        WriteSize(block.AsSpan(124, 12), length);
        WriteOctal(block.AsSpan(136, 12), 0); // time
        block.AsSpan(148, 8).Fill((byte)' ');
        block[156] = (byte)type;
        target[..Math.Min(target.Length, ShortNameBytes)].CopyTo(block.AsSpan(157));
        "ustar  \0"u8.CopyTo(block.AsSpan(257));
        int sum = 0;
        foreach (byte value in block)
            sum += value;
        WriteOctal(block.AsSpan(148, 7), sum);
        return block;
    }

    private static void WriteSize(Span<byte> field, long length)
    {
        if (length <= LargestOctal)
        {
            WriteOctal(field, length);
            return;
        }

        field[0] = 0x80; // in binary
        BinaryPrimitives.WriteInt64BigEndian(field[4..], length);
    }

    private static void WriteOctal(Span<byte> field, long value)
    {
        for (int i = field.Length - 2; i >= 0; i--, value >>= 3)
            field[i] = (byte)('0' + (value & 7));
        field[^1] = 0;
    }
}
