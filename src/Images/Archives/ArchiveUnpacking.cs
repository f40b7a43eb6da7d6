using RemoteExec.Images.Trees;
using RemoteExec.Protocol;

namespace RemoteExec.Images.Archives;

/// <summary>
/// Makes a tree out of the entries of one archive, whatever their order: nothing is written but the spool, no symlink is followed, so nothing can leave the tree. A name that occurs
/// again replaces what it was before.
/// </summary>
/// <param name="archive">What of it goes where.</param>
/// <param name="spool">Takes the contents of files.</param>
internal sealed class ArchiveUnpacking(RecipeArchive archive, BlobSpool spool)
{
    private const int MaxEntries = 2_000_000;
    private const int MaxNameLength = 512 << 20; // of all names and targets together, which are kept in memory
    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const UnixFileMode Privileged = UnixFileMode.SetUser | UnixFileMode.SetGroup;

    private readonly string[] prefix = archive.Prefix.Length == 0 ? [] : archive.Prefix.Split('/');
    private readonly Dictionary<string, ImageNode> named = new(StringComparer.Ordinal); // by name in the archive, for hard links
    private readonly Dictionary<string, (string[] Path, ImageNode? Node, string Link)> nodes = new(StringComparer.Ordinal); // by path in the image; no node and no link: a directory
    private readonly List<string> notices = [];
    private int entries;
    private long nameLength;

    /// <summary>What of the archive is not in the tree, or otherwise, in words.</summary>
    public IReadOnlyList<string> Notices => notices;

    /// <summary>Reads all entries and makes the tree.</summary>
    /// <exception cref="ImageException">A name leads out of the tree, or the entries contradict each other, or there are too many.</exception>
    public async Task<ImageDirectory> RunAsync(IAsyncEnumerable<ArchiveEntry> source, CancellationToken cancellationToken)
    {
        await foreach (ArchiveEntry entry in source.WithCancellation(cancellationToken))
        {
            if (++entries > MaxEntries)
                throw new ImageException($"there are more than {MaxEntries} entries in it");
            nameLength += entry.Name.Length + entry.Target.Length;
            if (nameLength > MaxNameLength)
                throw new ImageException($"the names in it have more than {MaxNameLength >> 20} million characters together");
            await AddAsync(entry, cancellationToken);
        }

        var root = new ImageDirectory();
        root.Put(prefix, null);
        foreach ((string[] path, ImageNode? node, string link) in nodes.Values)
            root.Put(path, link.Length == 0 ? node : SecondName(path, link));
        return root;
    }

    private async Task AddAsync(ArchiveEntry entry, CancellationToken cancellationToken)
    {
        string[] segments = Split(entry.Name);
        string name = string.Join('/', segments);
        ImageNode? node = null;
        if (entry.Kind == ArchiveEntryKind.File)
        {
            Digest digest = await spool.AddAsync(entry.Content ?? Stream.Null, entry.Length, cancellationToken);
            node = named[name] = new ImageFile(digest, (entry.Mode & Executable) != 0);
        }
        else if (entry.Kind == ArchiveEntryKind.Symlink)
        {
            node = named[name] = new ImageSymlink(CheckTarget(name, entry.Target));
        }

        if (segments.Length <= archive.Strip)
            return;
        string[] path = [.. prefix, .. segments[archive.Strip..]];
        string place = string.Join('/', path);
        if (archive.Exclude.Any(pattern => pattern.Matches(place)))
            return;
        if (entry.Kind == ArchiveEntryKind.Special)
        {
            notices.Add($"'{place}' is left out: {entry.Description}");
            return;
        }

        if (entry.Kind == ArchiveEntryKind.File && (entry.Mode & Privileged) != 0)
            notices.Add($"'{place}' loses its {((entry.Mode & UnixFileMode.SetUser) != 0 ? "set-uid" : "set-gid")} bit");
        string link = entry.Kind == ArchiveEntryKind.HardLink ? string.Join('/', Split(entry.Target)) : "";
        bool isDirectory = node is null && link.Length == 0;
        if (nodes.TryGetValue(place, out (string[] Path, ImageNode? Node, string Link) before) && isDirectory != (before.Node is null && before.Link.Length == 0))
            throw new ImageException($"'{place}' occurs twice, as a directory and as a file or a symlink");
        nodes[place] = (path, node, link);
    }

    private ImageNode SecondName(string[] path, string link) => named.GetValueOrDefault(link) switch
    {
        ImageFile file => new ImageFile(file.Digest, file.IsExecutable),
        ImageSymlink symlink => new ImageSymlink(symlink.Target),
        _ => throw new ImageException($"'{string.Join('/', path)}' is a hard link to '{link}', and no such file is in the archive"),
    };

    private static string[] Split(string name) =>
        ImagePath.TrySplit(name, out string[] segments, out string? error) ? segments : throw new ImageException($"'{name}' {error}");

    private static string CheckTarget(string name, string target) =>
        target.Length is > 0 and < 4096 && !target.Contains('\0') && !target.Contains('\ufffd') ? target : throw new ImageException($"'{name}' is a symlink to '{target}', which can't be");
}
