using RemoteExec.Native;
using RemoteExec.Protocol;

namespace RemoteExec.Worker.Inputs;

/// <summary>Lays directories of an input tree out on disk, from files that are at hand.</summary>
/// <param name="tree">Has all directories that are to be laid out.</param>
/// <param name="pins">Has all files.</param>
/// <param name="target">Where to.</param>
internal sealed class TreeLayout(InputTree tree, FilePins pins, InputTarget target)
{
    private long copiedBytes;

    /// <summary>The bytes of those files that are no links to cached ones.</summary>
    public long CopiedBytes => copiedBytes;

    /// <summary>How many files, directories and symlinks there are.</summary>
    public int Nodes { get; private set; } = 1;

    /// <summary>Fills the target's root, which is an empty directory.</summary>
    /// <param name="digest">What goes there.</param>
    /// <param name="leftEmpty">Paths relative to the root at which directories are to be made, but not filled; null for none.</param>
    /// <param name="created">Paths relative to the root of directories that the tree does not have, outer ones first.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task PlaceAsync(
        Digest digest, IReadOnlyDictionary<string, Digest>? leftEmpty, IReadOnlyList<string> created, CancellationToken cancellationToken)
    {
        List<(string Path, InputDirectory Directory)> directories = MakeDirectories(digest, leftEmpty, cancellationToken);
        await Parallel.ForEachAsync(directories, cancellationToken, (directory, _) =>
        {
            Fill(directory.Path, directory.Directory);
            return ValueTask.CompletedTask;
        });
        foreach (string path in created)
            target.MakeDirectory($"{target.Root}/{path}");

        // Last, and inner ones first: filling a directory changes its time, and may need rights that its mode lacks.
        for (int i = directories.Count - 1; i >= 0; i--)
        {
            if (directories[i].Directory.Properties is { } properties)
                Stamp(directories[i].Path, properties);
        }
    }

    /// <summary>Makes all directories; those that are to be filled are returned, outer ones first.</summary>
    private List<(string Path, InputDirectory Directory)> MakeDirectories(
        Digest digest, IReadOnlyDictionary<string, Digest>? leftEmpty, CancellationToken cancellationToken)
    {
        var made = new List<(string Path, InputDirectory Directory)> { (target.Root, tree[digest]) };
        for (int i = 0; i < made.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            (string parent, InputDirectory directory) = made[i];
            Nodes += directory.OwnNodes - 1; // itself was counted by its parent
            foreach (InputSubdirectory child in directory.Directories)
            {
                string path = $"{parent}/{child.Name}";
                target.MakeDirectory(path);
                if (leftEmpty is null || !leftEmpty.ContainsKey(path[(target.Root.Length + 1)..]))
                    made.Add((path, tree[child.Digest]));
            }
        }

        return made;
    }

    private void Fill(string path, InputDirectory directory)
    {
        foreach (InputSymlink link in directory.Symlinks)
            File.CreateSymbolicLink($"{path}/{link.Name}", link.Target);
        if (directory.Files.Length == 0)
            return;
        using var place = new OpenDirectory(path);
        foreach (InputFile file in directory.Files)
            PlaceFile(file, pins[file.Key], place);
    }

    // Properties belong to the place, not to the content, so such a file can't be shared (DIR-07).
    private void PlaceFile(InputFile file, FileCache.Pin pin, OpenDirectory place)
    {
        if (file.Properties is { } properties)
        {
            string path = $"{place.Path}/{file.Name}";
            pin.CopyTo(path);
            target.GiveAway(path);
            Stamp(path, properties);
            Interlocked.Add(ref copiedBytes, file.Key.Digest.SizeBytes);
        }
        else if (!target.LinksAlways)
        {
            pin.PlaceIn(place, file.Name);
        }
        else if (!pin.LinkIn(place, file.Name))
        {
            Interlocked.Add(ref copiedBytes, file.Key.Digest.SizeBytes);
        }
    }

    private static void Stamp(string path, Reapi.NodeProperties properties)
    {
        const UnixFileMode Permissions = (UnixFileMode)0x1FF; // 0777: no set-user-id bits from clients
        if (properties.Mtime is { } modified)
            File.SetLastWriteTimeUtc(path, modified.ToDateTime());
        if (properties.UnixMode is { } mode)
            File.SetUnixFileMode(path, (UnixFileMode)mode & Permissions);
    }
}
