using System.Runtime.CompilerServices;

namespace RemoteExec.Images.Archives;

/// <summary>The entries of an archive, whatever kind it is.</summary>
internal static class ArchiveReader
{
    private const long MaxBytes = 128L << 30; // also of what is left out, or stands behind the end

    /// <summary>Reads them.</summary>
    /// <param name="type">What kind it is.</param>
    /// <param name="file">The archive, at its start; seekable, stays open.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="InvalidDataException">It is no such archive, or a damaged one.</exception>
    /// <exception cref="ImageException">It can't be read here.</exception>
    public static async IAsyncEnumerable<ArchiveEntry> ReadAsync(ArchiveType type, Stream file, [EnumeratorCancellation] CancellationToken cancellationToken)
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
        await using var tar = new BoundedStream(Decompression.Open(type, part), MaxBytes);
        await foreach (ArchiveEntry entry in TarEntries.ReadAsync(tar, cancellationToken))
            yield return entry;
    }
}
