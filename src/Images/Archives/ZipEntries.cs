using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text;

namespace RemoteExec.Images.Archives;

/// <summary>The entries of a zip archive.</summary>
internal static class ZipEntries
{
    private const int FormatMask = 0xF000, SymlinkFormat = 0xA000, FileFormat = 0x8000, DirectoryFormat = 0x4000;
    private const int MaxTargetBytes = 4096;

    /// <summary>Reads them; the stream is seekable, and stays open.</summary>
    /// <exception cref="InvalidDataException">It is no zip archive, or a damaged one.</exception>
    public static async IAsyncEnumerable<ArchiveEntry> ReadAsync(Stream zip, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using ZipArchive archive = await ZipArchive.CreateAsync(zip, ZipArchiveMode.Read, leaveOpen: true, Encoding.UTF8, cancellationToken);
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            int mode = entry.ExternalAttributes >> 16;
            if (entry.FullName.EndsWith('/') || (mode & FormatMask) == DirectoryFormat)
            {
                yield return new ArchiveEntry(entry.FullName, ArchiveEntryKind.Directory);
                continue;
            }

            await using Stream content = await entry.OpenAsync(cancellationToken);
            yield return (mode & FormatMask) switch
            {
                SymlinkFormat => new ArchiveEntry(entry.FullName, ArchiveEntryKind.Symlink) { Target = await ReadTargetAsync(entry, content, cancellationToken) },
                0 or FileFormat => new ArchiveEntry(entry.FullName, ArchiveEntryKind.File) { Mode = (UnixFileMode)(mode & 0xFFF), Length = entry.Length, Content = content },
                _ => new ArchiveEntry(entry.FullName, ArchiveEntryKind.Special) { Description = "neither a file nor a directory" },
            };
        }
    }

    private static async Task<string> ReadTargetAsync(ZipArchiveEntry entry, Stream content, CancellationToken cancellationToken)
    {
        byte[] target = new byte[MaxTargetBytes + 1];
        int length = await content.ReadAtLeastAsync(target, target.Length, throwOnEndOfStream: false, cancellationToken);
        return length <= MaxTargetBytes ? Encoding.UTF8.GetString(target, 0, length) : throw new InvalidDataException($"the target of symlink '{entry.FullName}' is too long");
    }
}
