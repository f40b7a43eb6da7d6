using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace RemoteExec.TestKit;

/// <summary>Python packages that pip installs, made here.</summary>
public static class TestWheel
{
    /// <summary>Writes a wheel into a directory, and returns its path.</summary>
    /// <param name="directory">The directory, which is made.</param>
    /// <param name="name">The name of the project, which is also that of its module.</param>
    /// <param name="version">The version.</param>
    /// <param name="requires">What it depends on.</param>
    /// <param name="requiresPython">The versions of Python that it is for.</param>
    /// <param name="body">What the module says.</param>
    /// <param name="tags">What it runs on.</param>
    public static string Write(string directory, string name, string version, string[]? requires = null, string? requiresPython = null, string body = "", string tags = "py3-none-any")
    {
        Directory.CreateDirectory(directory);
        string path = Path.Combine(directory, $"{name}-{version}-{tags}.whl");
        using var zip = new ZipArchive(File.Create(path), ZipArchiveMode.Create);
        var record = new StringBuilder();
        string info = $"{name}-{version}.dist-info";
        Add($"{name}/__init__.py", $"# {name}\n{body}\n");
        Add($"{name}-{version}.data/scripts/{name}-hello", "#!python\nprint('hello')\n");
        Add($"{info}/METADATA", MetadataOf(name, version, requires, requiresPython));
        Add($"{info}/WHEEL", $"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tags}\n");
        Add($"{info}/RECORD", $"{record}{info}/RECORD,,\n");
        return path;

        void Add(string file, string text)
        {
            byte[] content = Encoding.UTF8.GetBytes(text);
            ZipArchiveEntry entry = zip.CreateEntry(file);
            entry.LastWriteTime = new DateTimeOffset(2026, 1, 2, 3, 4, 6, TimeSpan.Zero);
            entry.ExternalAttributes = unchecked((int)(file.Contains("/scripts/", StringComparison.Ordinal) ? 0x81ED_0000 : 0x81A4_0000)); // 0755, 0644
            using Stream stream = entry.Open();
            stream.Write(content);
            record.Append($"{file},sha256={Convert.ToBase64String(SHA256.HashData(content)).TrimEnd('=').Replace('+', '-').Replace('/', '_')},{content.Length}\n");
        }
    }

    /// <summary>Writes a source distribution into a directory, and returns its path. It can be looked at, and not be built.</summary>
    public static string WriteSource(string directory, string name, string version, string? requiresPython = null)
    {
        Directory.CreateDirectory(directory);
        string path = Path.Combine(directory, $"{name}-{version}.tar.gz");
        using var tar = new TarWriter(new GZipStream(File.Create(path), CompressionLevel.Fastest), TarEntryFormat.Pax);
        foreach ((string file, string text) in new[] { ("setup.py", "\n"), ("sub/PKG-INFO", "not this one"), ("PKG-INFO", MetadataOf(name, version, null, requiresPython)) })
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, $"{name}-{version}/{file}") { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)) });
        return path;
    }

    private static string MetadataOf(string name, string version, string[]? requires, string? requiresPython) =>
        $"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{(requiresPython is null ? "" : $"Requires-Python: {requiresPython}\n")}{string.Concat((requires ?? []).Select(one => $"Requires-Dist: {one}\n"))}\nVersion: of no meaning here\n";
}
