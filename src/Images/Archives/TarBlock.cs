using System.Buffers.Binary;
using System.Text;

namespace RemoteExec.Images.Archives;

/// <summary>A header of a tar archive, as it stands there: POSIX, GNU, or what was before them.</summary>
/// <param name="block">512 bytes.</param>
internal readonly ref struct TarBlock(ReadOnlySpan<byte> block)
{
    /// <summary>The length of a header, and what content is filled up to.</summary>
    public const int Length = 512;

    private const int ChecksumStart = 148, ChecksumBytes = 8;
    private readonly ReadOnlySpan<byte> block = block;

    /// <summary>True for what marks the end.</summary>
    public bool IsEmpty => !block.ContainsAnyExcept((byte)0);

    /// <summary>True if the header is as it was written.</summary>
    public bool IsIntact
    {
        get
        {
            long sum = ChecksumBytes * ' ';
            for (int i = 0; i < block.Length; i++)
                sum += i is >= ChecksumStart and < ChecksumStart + ChecksumBytes ? 0 : block[i];
            return TryReadNumber(block.Slice(ChecksumStart, ChecksumBytes), out long expected) && sum == expected;
        }
    }

    /// <summary>What kind of entry it begins.</summary>
    public char Type => (char)block[156];

    /// <summary>The entry's name, unless a longer one goes before it.</summary>
    public string Name => IsPosix && block[345] != 0 ? $"{Text(345, 155)}/{Text(0, 100)}" : Text(0, 100);

    /// <summary>What a link says, unless a longer one goes before it.</summary>
    public string Target => Text(157, 100);

    /// <summary>Its permissions.</summary>
    /// <exception cref="InvalidDataException">It has none.</exception>
    public UnixFileMode Mode => (UnixFileMode)(Number(100, 8, "mode") & 0xFFF);

    /// <summary>The length of its content in bytes.</summary>
    /// <exception cref="InvalidDataException">It has none.</exception>
    public long Size => Number(124, 12, "size");

    // GNU has something else where POSIX has the first part of the name.
    private bool IsPosix => block.Slice(257, 6).SequenceEqual("ustar\0"u8);

    private string Text(int start, int length)
    {
        ReadOnlySpan<byte> field = block.Slice(start, length);
        int end = field.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? field : field[..end]);
    }

    private long Number(int start, int length, string what) =>
        TryReadNumber(block.Slice(start, length), out long number) ? number : throw new InvalidDataException($"the {what} of '{Name}' is no number");

    /// <summary>Reads octal digits between blanks, or, behind a byte of 0x80, a binary number.</summary>
    private static bool TryReadNumber(ReadOnlySpan<byte> field, out long number)
    {
        number = 0;
        if (field[0] == 0x80)
        {
            number = field.Length >= 9 ? BinaryPrimitives.ReadInt64BigEndian(field[^8..]) : BinaryPrimitives.ReadInt32BigEndian(field[^4..]);
            return number >= 0 && !field[1..^(field.Length >= 9 ? 8 : 4)].ContainsAnyExcept((byte)0);
        }

        foreach (byte digit in field.Trim(" \0"u8))
        {
            if (digit is < (byte)'0' or > (byte)'7' || number > long.MaxValue >> 3)
                return false;
            number = (number << 3) + (digit - '0');
        }

        return true;
    }
}
