using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using RemoteExec.Python.Names;

namespace RemoteExec.Python.Wheels;

/// <summary>
/// Makes a wheel one of another version: its name, its directories, its metadata and its list of files say the same again. All other files are taken over as they are compressed, so that the same wheel
/// and the same version are the same bytes, wherever this runs.
/// </summary>
internal static class WheelVersion
{
    private const int MaxRecordBytes = 64 * 1024 * 1024;

    /// <summary>The name of the wheel with another version in it.</summary>
    public static string NameOf(DistributionName name, PythonVersion version) =>
        $"{name.FileName.Split('-')[0]}-{version}-{name.Tags}{DistributionName.WheelSuffix}";

    /// <summary>Writes the wheel of another version.</summary>
    /// <param name="name">The wheel's name.</param>
    /// <param name="archive">The wheel; seekable.</param>
    /// <param name="version">The other version.</param>
    /// <param name="output">Where the other wheel goes.</param>
    /// <exception cref="InvalidDataException">It is no wheel.</exception>
    public static async Task WriteAsync(DistributionName name, Stream archive, PythonVersion version, Stream output)
    {
        var wheel = new Wheel(name, archive);
        string stem = wheel.Info[..wheel.Info.IndexOf('-', StringComparison.Ordinal)];
        (string Old, string New)[] folders = [($"{wheel.Info}/", $"{stem}-{version}.dist-info/"), ($"{wheel.Info[..^".dist-info".Length]}.data/", $"{stem}-{version}.data/")];
        string recordPath = $"{wheel.Info}/RECORD", metadataPath = $"{wheel.Info}/METADATA";
        byte[] metadata = CoreMetadata.WithVersion(wheel.Metadata, version);
        ZipItem recordItem = wheel.Find(recordPath);
        byte[] record = Encoding.UTF8.GetBytes(string.Concat(
            Encoding.UTF8.GetString(wheel.Zip.ReadAll(recordItem, MaxRecordBytes)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0 && !IsSignature(line.Split(',')[0], recordPath))
                .Select(line => (line.Split(',')[0] == metadataPath ? $"{metadataPath},sha256={HashOf(metadata)},{metadata.Length}" : line) + "\n")
                .Select(line => line[0] == '"' ? "\"" + Rename(line[1..]) : Rename(line))));

        var zip = new ZipOutput(output);
        foreach (ZipItem item in wheel.Zip.Items.Where(item => !IsSignature(item.Name, recordPath)))
        {
            string path = Rename(item.Name);
            if (item.Name == metadataPath)
                await zip.AddAsync(path, metadata, item);
            else if (item.Name == recordPath)
                await zip.AddAsync(path, record, item);
            else
                await zip.AddAsync(item with { Name = path }, stream => CopyAsync(wheel.Zip, item, stream));
        }

        await zip.FinishAsync();

        string Rename(string path)
        {
            foreach ((string old, string another) in folders)
            {
                if (path.StartsWith(old, StringComparison.Ordinal))
                    return another + path[old.Length..];
            }

            return path;
        }
    }

    /// <summary>The SHA-256 of something as lists of files in wheels have it.</summary>
    public static string HashOf(ReadOnlySpan<byte> content) => Written(SHA256.HashData(content));

    /// <summary>A hash as these lists have it.</summary>
    public static string Written(ReadOnlySpan<byte> hash) => Base64Url.EncodeToString(hash);

    // Of the list of files, which is another one now.
    private static bool IsSignature(string path, string recordPath) => path == $"{recordPath}.jws" || path == $"{recordPath}.p7s";

    private static async Task CopyAsync(ZipInput zip, ZipItem item, Stream output)
    {
        await using Stream content = zip.OpenCompressed(item);
        await content.CopyToAsync(output);
    }
}
