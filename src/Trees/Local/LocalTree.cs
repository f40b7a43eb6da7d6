namespace RemoteExec.Trees.Local;

/// <summary>A directory on this machine and what is below it, as far as it is part of a tree.</summary>
/// <param name="levels">The directories by their depth; the root is the first one.</param>
/// <param name="skipped">What is there that can be in no tree, by its path.</param>
internal sealed class LocalTree(IReadOnlyList<IReadOnlyList<LocalDirectory>> levels, IReadOnlyList<string> skipped)
{
    /// <summary>The root.</summary>
    public LocalDirectory Root => levels[0][0];

    /// <summary>The directories by their depth, the root first.</summary>
    public IReadOnlyList<IReadOnlyList<LocalDirectory>> Levels => levels;

    /// <summary>What is there that can be in no tree, by its path: sockets, pipes, devices, and names that are no UTF-8.</summary>
    public IReadOnlyList<string> Skipped => skipped;

    /// <summary>All directories, each before those in it.</summary>
    public IEnumerable<LocalDirectory> Directories => levels.SelectMany(level => level);

    /// <summary>All files.</summary>
    public IEnumerable<LocalFile> Files => Directories.SelectMany(directory => directory.Files);

    /// <summary>How many directories and files there are.</summary>
    public int Count => levels.Sum(level => level.Count + level.Sum(directory => directory.Files.Count));

    /// <summary>True if there is nothing in it.</summary>
    public bool IsEmpty => Root is { Files.Count: 0, Directories.Count: 0, Symlinks.Count: 0 } && Skipped.Count == 0;
}
