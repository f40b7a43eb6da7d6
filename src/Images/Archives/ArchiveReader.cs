using System.Runtime.CompilerServices;

namespace RemoteExec.Images.Archives;

/// <summary>The entries of an archive, whatever kind it is.</summary>
internal static class ArchiveReader
{
    /// <summary>More than any archive of an image may have once it is inflated: also of what is left out, or stands behind the end.</summary>
    public const long MaxBytes = 128L << 30;

    /// <summary>Reads them.</summary>
    /// <param name="type">What kind it is.</param>
    /// <param name="file">The archive, at its start; seekable, stays open.</param>
    /// <param name="most">How many bytes it may have once it is inflated.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="InvalidDataException">It is no such archive, or a damaged one.</exception>
    /// <exception cref="ImageException">It can't be read here.</exception>
    public static async IAsyncEnumerable<ArchiveEntry> ReadAsync(ArchiveType type, Stream file, long most, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (type is ArchiveType.Whl or ArchiveType.Zip)
        {
            await foreach (ArchiveEntry entry in ZipEntries.ReadAsync(file, cancellationToken))
                yield return entry;
            yield break;
        }

        long length = file.Length;
        if (type == ArchiveType.Deb)
            (type, length) = await DebPackage.FindDataAsync(file, cancellationToken);
        await using var part = new PartStream(file, length);
        await using var tar = new BoundedStream(Decompression.Open(type, part), most);
        await foreach (ArchiveEntry entry in TarEntries.ReadAsync(tar, cancellationToken))
            yield return entry;
    }
}
