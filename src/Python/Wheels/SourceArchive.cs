using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace RemoteExec.Python.Wheels;

/// <summary>Reads what a source distribution says of itself: the <c>PKG-INFO</c> in the directory that it has at its top. It looks for nothing else, and takes memory for nothing else.</summary>
internal static class SourceArchive
{
    private const string FileName = "PKG-INFO";
    private const int BlockBytes = 512;
    private const int MaxExtensionBytes = 64 * 1024; // longer ones say nothing of a short path
    private const long MaxBytes = 2L << 30; // unpacked, until it is found

    /// <summary>Its metadata.</summary>
    /// <exception cref="InvalidDataException">It has none, or can't be read.</exception>
    public static CoreMetadata Read(Stream archive)
    {
        using var plain = new GZipStream(archive, CompressionMode.Decompress, leaveOpen: true);
        byte[] block = new byte[BlockBytes];
        string? path = null; // as an extension before says, where it is longer than a header has room for
        for (long read = 0; read < MaxBytes && plain.ReadAtLeast(block, BlockBytes, throwOnEndOfStream: false) == BlockBytes && block[0] != 0;)
        {
            long length = LengthIn(block);
            char kind = (char)block[156];
            if (kind is '0' or '\0' && (path ?? NameIn(block)).Split('/') is [_, FileName])
                return CoreMetadata.Parse(Take(plain, length, CoreMetadata.MaxBytes));
            bool isExtension = kind is 'x' or 'L' && length <= MaxExtensionBytes;
            path = isExtension ? PathIn(Take(plain, length, MaxExtensionBytes), kind) : null;
            long rest = ((length + BlockBytes - 1) / BlockBytes * BlockBytes) - (isExtension ? length : 0);
            Skip(plain, Math.Min(rest, MaxBytes), block);
            read += BlockBytes + length;
        }

        throw new InvalidDataException($"it has no {FileName}, so it is no source distribution");
    }

    private static byte[] Take(Stream tar, long length, int most)
    {
        if (length > most)
            throw new InvalidDataException($"its {FileName} has more than {most} bytes");
        byte[] content = new byte[length];
        return tar.ReadAtLeast(content, content.Length, throwOnEndOfStream: false) == length ? content : throw new InvalidDataException("it is cut off");
    }

    private static void Skip(Stream tar, long count, byte[] buffer)
    {
        while (count > 0)
        {
            int read = tar.Read(buffer, 0, (int)Math.Min(count, buffer.Length));
            if (read == 0)
                throw new InvalidDataException("it is cut off");
            count -= read;
        }
    }

    private static long LengthIn(ReadOnlySpan<byte> header)
    {
        long length = 0;
        foreach (byte digit in header.Slice(124, 12).Trim([(byte)' ', (byte)0]))
            length = digit is >= (byte)'0' and <= (byte)'7' ? (length << 3) + (digit - '0') : throw new InvalidDataException("it is no tar archive, or one with files of 8 GiB and more");
        return length;
    }

    private static string NameIn(ReadOnlySpan<byte> header)
    {
        string name = Text(header[..100]), prefix = header.Slice(257, 5).SequenceEqual("ustar"u8) && header[262] == 0 ? Text(header.Slice(345, 155)) : "";
        return prefix.Length == 0 ? name : $"{prefix}/{name}";
    }

    // Lines of 'LENGTH path=VALUE', or the name alone.
    private static string? PathIn(byte[] extension, char kind)
    {
        if (kind == 'L')
            return Text(extension);
        ReadOnlySpan<byte> left = extension;
        while (left.IndexOf((byte)' ') is var blank and > 0 && int.TryParse(left[..blank], NumberStyles.None, CultureInfo.InvariantCulture, out int length) && length > blank + 1 && length <= left.Length)
        {
            ReadOnlySpan<byte> line = left[(blank + 1)..length];
            if (line.StartsWith("path="u8))
                return Encoding.UTF8.GetString(line[5..]).TrimEnd('\n');
            left = left[length..];
        }

        return null;
    }

    private static string Text(ReadOnlySpan<byte> field) => Encoding.UTF8.GetString(field.IndexOf((byte)0) is var end and >= 0 ? field[..end] : field);
}
