namespace RemoteExec.Images.Trees;

/// <summary>
/// Lays trees over each other: what is later wins. A directory that meets a symlink of an earlier tree goes to where that leads, inside of the image (<c>/</c> is its root, which
/// <c>..</c> does not leave); a directory that is missing there is made. A file in the place of a directory, and the reverse, is refused unless it is asked for.
/// </summary>
internal sealed class ImageMerge
{
    private const int MaxHops = 40;
    private const int MostClashesTold = 5;
    private readonly List<ImageConflict> conflicts = [];
    private readonly List<string> clashes = [];

    /// <summary>What came of it.</summary>
    public ImageDirectory Root { get; } = new();

    /// <summary>What lost against something later, in order.</summary>
    public IReadOnlyList<ImageConflict> Conflicts => conflicts;

    /// <summary>Lays a tree over what is there.</summary>
    /// <param name="tree">The tree; stays as it is.</param>
    /// <param name="origin">What brings it.</param>
    /// <param name="replace">Whether files may take the place of directories, and the reverse.</param>
    /// <exception cref="ImageException">They would, but must not; or a symlink does not lead to a directory.</exception>
    public void Add(ImageDirectory tree, string origin, bool replace)
    {
        Merge(Root, tree, origin, replace);
        if (clashes.Count == 0)
            return;
        string more = clashes.Count > MostClashesTold ? $"; and {clashes.Count - MostClashesTold} more" : "";
        throw new ImageException($"{string.Join("; ", clashes.Take(MostClashesTold))}{more}. Write 'replace: true' to the later archive if that is meant");
    }

    private void Merge(ImageDirectory into, ImageDirectory from, string origin, bool replace)
    {
        foreach ((string name, ImageNode node) in from.Sorted)
        {
            if (node is ImageDirectory directory)
            {
                if (Enter(into, name, origin, replace) is { } place)
                    Merge(place, directory, origin, replace);
            }
            else
            {
                Put(into, name, node, origin, replace);
            }
        }
    }

    /// <summary>The directory of that name, wherever it is; null if something else is in its place.</summary>
    private ImageDirectory? Enter(ImageDirectory into, string name, string origin, bool replace)
    {
        ImageNode? there = into.Children.GetValueOrDefault(name);
        int hops = 0;
        ImageDirectory? place = there switch
        {
            null => into.Make(name, origin),
            ImageDirectory directory => directory,
            ImageSymlink link => Follow(into, link, origin, make: true, ref hops),
            _ => null,
        };
        if (place is not null || there is null)
            return place;
        if (replace)
            return into.Make(name, origin);
        string what = there is ImageSymlink lost ? $"a symlink to '{lost.Target}', which leads to no directory" : "a file";
        clashes.Add($"'{into.PathOf(name)}' is a directory in {origin}, but {what}, in {there.Origin}");
        return null;
    }

    private void Put(ImageDirectory into, string name, ImageNode node, string origin, bool replace)
    {
        ImageNode? there = into.Children.GetValueOrDefault(name);
        if (there is not null && there.IsSameAs(node))
            return;
        int hops = 0;
        bool isDirectory = there is ImageDirectory || (there is ImageSymlink link && node is ImageFile && Follow(into, link, origin, make: false, ref hops) is not null);
        if (isDirectory && !replace)
        {
            string what = node is ImageFile ? "a file" : "a symlink";
            clashes.Add($"'{into.PathOf(name)}' is {what} in {origin}, but a directory, in {there!.Origin}");
            return;
        }

        if (there is not null)
            conflicts.Add(new ImageConflict(into.PathOf(name), there.Origin, origin));
        into.Children[name] = node switch
        {
            ImageFile file => new ImageFile(file.Digest, file.IsExecutable) { Origin = origin },
            ImageSymlink symlink => new ImageSymlink(symlink.Target) { Origin = origin },
            _ => throw new ArgumentException($"{node.GetType()} is no file and no symlink", nameof(node)),
        };
    }

    /// <summary>The directory to which a symlink leads; null if it leads to none.</summary>
    private ImageDirectory? Follow(ImageDirectory from, ImageSymlink link, string origin, bool make, ref int hops)
    {
        if (++hops > MaxHops)
            return null;
        ImageDirectory place = link.Target.StartsWith('/') ? Root : from;
        foreach (string segment in link.Target.Split('/'))
        {
            if (segment is "" or ".")
                continue;
            ImageDirectory? next = segment == ".." ? place.Parent : place.Children.GetValueOrDefault(segment) switch
            {
                ImageDirectory directory => directory,
                ImageSymlink other => Follow(place, other, origin, make, ref hops),
                null when make => place.Make(segment, origin),
                _ => null,
            };
            if (next is null)
                return null;
            place = next;
        }

        return place;
    }
}
