using RemoteExec.Cas;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Images.Export;

/// <summary>Takes an image out of the CAS.</summary>
/// <param name="cas">Where it is.</param>
/// <param name="image">The image.</param>
public sealed class ImageExport(IBlobStore cas, StoredTree image)
{
    /// <summary>The bytes of all its files, as the progress of an export counts them.</summary>
    public long Bytes { get; } = image.Nodes().Sum(node => node.File?.SizeBytes ?? 0);

    /// <summary>Writes a tar archive: complete under its name, or not at all.</summary>
    /// <exception cref="ImageException">The CAS lacks a file.</exception>
    /// <exception cref="IOException">It can't be written.</exception>
    public async Task ToTarAsync(string path, IProgress<long> written, CancellationToken cancellationToken)
    {
        string unfinished = $"{path}.part";
        try
        {
            await using (FileStream file = File.Create(unfinished))
                await ImageTar.WriteAsync(cas, image, file, written, cancellationToken);
            File.Move(unfinished, path, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }

    /// <summary>Writes an OCI image layout with one layer into a directory, which must be new or empty.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="architecture">For what processors the image is, as OCI calls them: <c>amd64</c>, <c>arm64</c>.</param>
    /// <param name="written">Told of the bytes of each file.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ImageException">The CAS lacks a file, or the directory is not empty.</exception>
    /// <exception cref="IOException">It can't be written.</exception>
    public async Task ToOciLayoutAsync(string directory, string architecture, IProgress<long> written, CancellationToken cancellationToken)
    {
        MakeEmpty(directory);
        await new OciLayout(directory).WriteAsync((layer, token) => ImageTar.WriteAsync(cas, image, layer, written, token), architecture, cancellationToken);
    }

    /// <summary>Lays the image out in a directory, which must be new or empty.</summary>
    /// <exception cref="ImageException">The CAS lacks a file, or the directory is not empty.</exception>
    /// <exception cref="IOException">It can't be written.</exception>
    public async Task ToDirectoryAsync(string directory, IProgress<long> written, CancellationToken cancellationToken)
    {
        const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        const UnixFileMode Executable = Readable | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        MakeEmpty(directory);

        // Names are segments of paths, and each stands for one node: nothing here can lie behind a symlink.
        foreach (StoredNode node in image.Nodes())
        {
            string path = Path.Combine(directory, node.Path);
            if (node.Directory is not null)
            {
                Directory.CreateDirectory(path);
            }
            else if (node.Target is not null)
            {
                File.CreateSymbolicLink(path, node.Target);
            }
            else
            {
                await using (FileStream file = new(path, FileMode.CreateNew, FileAccess.Write))
                    await ImageBlob.CopyAsync(cas, node.Path, node.File!.Value, file, cancellationToken);
                if (!OperatingSystem.IsWindows())
                    File.SetUnixFileMode(path, node.IsExecutable ? Executable : Readable);
                written.Report(node.File.Value.SizeBytes);
            }
        }
    }

    private static void MakeEmpty(string directory)
    {
        if (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any())
            throw new ImageException($"{directory} is not empty: name a directory that is new");
        Directory.CreateDirectory(directory);
    }
}
