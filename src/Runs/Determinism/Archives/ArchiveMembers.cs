using System.Buffers.Binary;
using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;

namespace RemoteExec.Runs.Determinism.Archives;

/// <summary>Takes archives apart that are in memory, as far as the framework can, and those of <c>ar</c>.</summary>
internal static class ArchiveMembers
{
    private const int MaxBytes = 256 * 1024 * 1024; // of all that is unpacked of one archive
    private const int TarMagicAt = 257;

    /// <summary>What is in an archive, in its order, and what kind it is; null if it is none, a broken one, or too large.</summary>
    public static (string Kind, IReadOnlyList<ArchiveMember> Members)? Read(byte[] content)
    {
        try
        {
            return content.AsSpan() switch
            {
                [0x1f, 0x8b, 8, ..] => ("gzip", [Unzip(content)]),
                [(byte)'P', (byte)'K', 3 or 5, 4 or 6, ..] => ("zip", Zip(content)),
                _ when content.AsSpan().StartsWith(ArMembers.Magic) => ("ar", ArMembers.Read(content)),
                _ when content.Length > TarMagicAt + 5 && content.AsSpan(TarMagicAt).StartsWith("ustar"u8) => ("tar", Tar(content)),
                _ => null,
            };
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException or FormatException or ArgumentException or NotSupportedException or OverflowException)
        {
            return null; // it only looks like one
        }
    }

    private static ArchiveMember Unzip(byte[] content)
    {
        using var stream = new GZipStream(new MemoryStream(content, writable: false), CompressionMode.Decompress);
        uint time = BinaryPrimitives.ReadUInt32LittleEndian(content.AsSpan(4));
        return new ArchiveMember("(content)", ReadAll(stream, MaxBytes), [("time", time == 0 ? "none" : Format(DateTimeOffset.FromUnixTimeSeconds(time))), ("flags", $"{content[3]}")]);
    }

    private static List<ArchiveMember> Zip(byte[] content)
    {
        using var archive = new ZipArchive(new MemoryStream(content, writable: false));
        var members = new List<ArchiveMember>();
        int left = MaxBytes;
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            using Stream stream = entry.Open();
            byte[] unpacked = ReadAll(stream, left);
            left -= unpacked.Length;
            members.Add(new ArchiveMember(entry.FullName, unpacked,
            [
                ("time", entry.LastWriteTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)),
                ("mode", $"{Convert.ToString((entry.ExternalAttributes >> 16) & 0xFFF, 8)}"),
                ("comment", entry.Comment),
            ]));
        }

        return members;
    }

    private static List<ArchiveMember> Tar(byte[] content)
    {
        using var reader = new TarReader(new MemoryStream(content, writable: false));
        var members = new List<ArchiveMember>();
        int left = MaxBytes;
        while (reader.GetNextEntry() is { } entry)
        {
            byte[] unpacked = entry.DataStream is { } stream ? ReadAll(stream, left) : [];
            left -= unpacked.Length;
            var posix = entry as PosixTarEntry;
            IEnumerable<KeyValuePair<string, string>> further = entry is PaxTarEntry pax ? pax.ExtendedAttributes.Where(pair => pair.Key is "atime" or "ctime") : [];
            members.Add(new ArchiveMember(entry.Name, unpacked,
            [
                ("time", Format(entry.ModificationTime)),
                ("owner", $"{entry.Uid}:{entry.Gid} {posix?.UserName}:{posix?.GroupName}"),
                ("mode", Convert.ToString((int)entry.Mode, 8)),
                ("kind", $"{entry.EntryType}"),
                ("link", entry.LinkName),
                .. further.Select(pair => (pair.Key, pair.Value)),
            ]));
        }

        return members;
    }

    /// <summary>A time as people read it, with its fraction if it has one.</summary>
    internal static string Format(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture);

    private static byte[] ReadAll(Stream stream, int maxBytes)
    {
        using var content = new MemoryStream();
        byte[] buffer = new byte[64 * 1024];
        for (int count; (count = stream.Read(buffer)) > 0;)
        {
            if (content.Length + count > maxBytes)
                throw new InvalidDataException("more than there is room for");
            content.Write(buffer, 0, count);
        }

        return content.ToArray();
    }
}
