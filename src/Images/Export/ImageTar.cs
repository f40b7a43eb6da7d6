using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Images.Export;

/// <summary>Writes an image as a tar archive, which follows from the image alone: sorted, owned by root, without times.</summary>
internal static class ImageTar
{
    private const int ExecutableMode = 0b111_101_101, FileMode = 0b110_100_100, LinkMode = 0b111_111_111;
    private const int EndBlocks = 2;

    /// <summary>Writes it.</summary>
    /// <param name="cas">Where the contents of files are.</param>
    /// <param name="image">The image.</param>
    /// <param name="destination">Where it goes; stays open.</param>
    /// <param name="written">Told of the bytes of each file.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ImageException">The CAS lacks a file.</exception>
    public static async Task WriteAsync(IBlobStore cas, StoredTree image, Stream destination, IProgress<long> written, CancellationToken cancellationToken)
    {
        foreach (StoredNode node in image.Nodes())
        {
            if (node.Directory is not null)
                await destination.WriteAsync(TarHeader.Write(node.Path + "/", '5', ExecutableMode, 0), cancellationToken);
            else if (node.Target is not null)
                await destination.WriteAsync(TarHeader.Write(node.Path, '2', LinkMode, 0, node.Target), cancellationToken);
            else
                await WriteFileAsync(cas, node, node.File!.Value, destination, written, cancellationToken);
        }

        await destination.WriteAsync(new byte[EndBlocks * TarHeader.BlockBytes], cancellationToken);
    }

    private static async Task WriteFileAsync(IBlobStore cas, StoredNode node, Digest digest, Stream destination, IProgress<long> written, CancellationToken cancellationToken)
    {
        await destination.WriteAsync(TarHeader.Write(node.Path, '0', node.IsExecutable ? ExecutableMode : FileMode, digest.SizeBytes), cancellationToken);
        await ImageBlob.CopyAsync(cas, node.Path, digest, destination, cancellationToken);
        await destination.WriteAsync(new byte[TarHeader.PaddingOf(digest.SizeBytes)], cancellationToken);
        written.Report(digest.SizeBytes);
    }
}
