using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace RemoteExec.Images.Tests;

/// <summary>Archives made for a test, entry by entry.</summary>
internal sealed class TestArchive
{
    private const UnixFileMode Plain = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly List<TarEntry> entries = [];

    public static TestArchive New() => new();

    public TestArchive File(string name, string content, UnixFileMode mode = Plain) =>
        Add(new GnuTarEntry(TarEntryType.RegularFile, name) { Mode = mode, DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content)) });

    public TestArchive Executable(string name, string content) => File(name, content, Plain | UnixFileMode.UserExecute);

    public TestArchive Directory(string name) => Add(new GnuTarEntry(TarEntryType.Directory, name) { Mode = Plain | UnixFileMode.UserExecute });

    public TestArchive Symlink(string name, string target) => Add(new GnuTarEntry(TarEntryType.SymbolicLink, name) { LinkName = target });

    public TestArchive HardLink(string name, string target) => Add(new GnuTarEntry(TarEntryType.HardLink, name) { LinkName = target });

    public TestArchive Special(string name, TarEntryType type) => Add(new GnuTarEntry(type, name));

    public TestArchive Owned(int user, DateTimeOffset time)
    {
        foreach (TarEntry entry in entries)
            (entry.Uid, entry.Gid, entry.ModificationTime) = (user, user, time);
        return this;
    }

    public TestArchive Shuffled(Random random)
    {
        TarEntry[] all = [.. entries];
        random.Shuffle(all);
        entries.Clear();
        entries.AddRange(all);
        return this;
    }

    public byte[] ToTar()
    {
        using var result = new MemoryStream();
        using (var writer = new TarWriter(result, TarEntryFormat.Gnu, leaveOpen: true))
        {
            foreach (TarEntry entry in entries)
            {
                if (entry.DataStream is { } content)
                    content.Position = 0;
                writer.WriteEntry(entry);
            }
        }

        return result.ToArray();
    }

    public byte[] ToGzip()
    {
        using var result = new MemoryStream();
        using (var gzip = new GZipStream(result, CompressionLevel.Fastest))
            gzip.Write(ToTar());
        return result.ToArray();
    }

    /// <summary>A Debian package with these files.</summary>
    public byte[] ToDeb(string member = "data.tar", byte[]? data = null)
    {
        using var result = new MemoryStream();
        result.Write("!<arch>\n"u8);
        foreach ((string name, byte[] content) in new[] { ("debian-binary", "2.0\n"u8.ToArray()), ("control.tar.gz", [1, 2, 3]), (member, data ?? ToTar()) })
        {
            result.Write(Encoding.ASCII.GetBytes($"{name,-16}{0,-12}{0,-6}{0,-6}{"100644",-8}{content.Length,-10}`\n"));
            result.Write(content);
            if (content.Length % 2 == 1)
                result.WriteByte((byte)'\n');
        }

        return result.ToArray();
    }

    /// <summary>Writes an archive into a directory and describes it.</summary>
    public static RecipeArchive Put(TemporaryDirectory directory, string name, byte[] content)
    {
        string path = directory[name];
        System.IO.File.WriteAllBytes(path, content);
        return new RecipeArchive { Path = path, Sha256 = Convert.ToHexStringLower(SHA256.HashData(content)), Type = ArchiveTypes.Guess(name)!.Value };
    }

    private TestArchive Add(TarEntry entry)
    {
        entries.Add(entry);
        return this;
    }
}
