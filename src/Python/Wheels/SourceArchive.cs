using System.Formats.Tar;
using System.IO.Compression;

namespace RemoteExec.Python.Wheels;

/// <summary>Reads what a source distribution says of itself.</summary>
internal static class SourceArchive
{
    private const long MaxBytes = 2L << 30; // unpacked, until it is found
    private const int MaxEntries = 200_000;

    /// <summary>Its metadata: the <c>PKG-INFO</c> in the directory that it has at its top.</summary>
    /// <exception cref="InvalidDataException">It has none, or can't be read.</exception>
    public static CoreMetadata Read(Stream archive)
    {
        try
        {
            using var plain = new GZipStream(archive, CompressionMode.Decompress, leaveOpen: true);
            using var tar = new TarReader(plain, leaveOpen: true);
            long bytes = 0;
            for (int entries = 0; entries < MaxEntries && bytes < MaxBytes && tar.GetNextEntry() is { } entry; entries++)
            {
                bytes += entry.Length;
                string[] path = entry.Name.Split('/');
                if (path is not [_, "PKG-INFO"] || entry.DataStream is not { } data)
                    continue;
                if (entry.Length > CoreMetadata.MaxBytes)
                    throw new InvalidDataException($"its PKG-INFO has more than {CoreMetadata.MaxBytes} bytes");
                byte[] content = new byte[entry.Length];
                data.ReadExactly(content);
                return CoreMetadata.Parse(content);
            }
        }
        catch (Exception exception) when (exception is IOException or FormatException or ArgumentException or NotSupportedException or OverflowException)
        {
            throw new InvalidDataException($"it can't be unpacked: {exception.Message}", exception);
        }

        throw new InvalidDataException("it has no PKG-INFO, so it is no source distribution");
    }
}
