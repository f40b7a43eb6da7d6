using System.Globalization;
using System.Text;

namespace RemoteExec.Images.Archives;

/// <summary>A Debian package: an ar archive of which one member, <c>data.tar</c> in one compression or another, has the files.</summary>
internal static class DebPackage
{
    private const int HeaderBytes = 60;

    /// <summary>Moves to the member that has the files, and tells how it is compressed and how long it is.</summary>
    /// <param name="package">The package, at its start; seekable.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="InvalidDataException">There is none.</exception>
    public static async Task<(ArchiveType Type, long Length)> FindDataAsync(Stream package, CancellationToken cancellationToken)
    {
        byte[] header = new byte[HeaderBytes];
        if (await package.ReadAtLeastAsync(header.AsMemory(0, 8), 8, throwOnEndOfStream: false, cancellationToken) < 8 || !header.AsSpan(0, 8).SequenceEqual("!<arch>\n"u8))
            throw new InvalidDataException("it does not begin as one");
        while (await package.ReadAtLeastAsync(header, HeaderBytes, throwOnEndOfStream: false, cancellationToken) == HeaderBytes)
        {
            string name = Encoding.ASCII.GetString(header, 0, 16).TrimEnd().TrimEnd('/');
            string size = Encoding.ASCII.GetString(header, 48, 10).TrimEnd();
            if (header[58] != '`' || header[59] != '\n' || !long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out long length))
                throw new InvalidDataException("the header of a member is damaged");
            if (name.StartsWith("data.tar", StringComparison.Ordinal))
            {
                ArchiveType? type = ArchiveTypes.Guess(name);
                return type is ArchiveType.Tar or ArchiveType.TarGz or ArchiveType.TarXz or ArchiveType.TarBz2 or ArchiveType.TarZst
                    ? (type.Value, length)
                    : throw new InvalidDataException($"its files are in '{name}', which can't be decompressed here");
            }

            package.Seek(length + (length % 2), SeekOrigin.Current);
        }

        throw new InvalidDataException("it has no data.tar");
    }
}
