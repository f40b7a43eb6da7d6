using RemoteExec.Native;

namespace RemoteExec.Worker.Caches;

/// <summary>
/// Moves what an action has changed, which is the upper directory of an overlay, into the cache, which was the lower one. First all is looked at, so that what can't be
/// moved is found before anything is. Used by one caller, while nobody writes to either.
/// </summary>
/// <remarks>
/// Each file, and each directory that the cache does not have, is moved by one rename, and so appears whole to those who read the cache meanwhile.
/// </remarks>
internal sealed class CacheMerge
{
    private readonly bool isAlone;
    private readonly List<string> doomed = [];
    private readonly List<(string From, string To, FileStatus Status)> moves = [];

    private readonly Dictionary<string, UnixFileMode> modes = []; // what directories of the cache are to have in the end

    private CacheMerge(bool isAlone) => this.isAlone = isAlone;

    /// <summary>By how much the cache grows, in bytes; negative if it shrinks.</summary>
    public long Growth { get; private set; }

    /// <summary>True if there is nothing to do.</summary>
    public bool IsEmpty => doomed.Count == 0 && moves.Count == 0 && modes.Count == 0;

    /// <summary>Looks at what there is to do.</summary>
    /// <param name="upper">What the action has changed.</param>
    /// <param name="files">The cache.</param>
    /// <param name="isAlone">
    /// True to do all of it: add, replace and delete. False to add what the cache does not have, and nothing else.
    /// </param>
    /// <exception cref="IOException">Something is there that can't be moved.</exception>
    public static CacheMerge Plan(string upper, string files, bool isAlone)
    {
        var plan = new CacheMerge(isAlone);
        var todo = new Stack<(string Upper, string Files)>([(upper, files)]);
        while (todo.TryPop(out (string Upper, string Files) next))
        {
            foreach (string changed in Directory.EnumerateFileSystemEntries(next.Upper))
            {
                string kept = $"{next.Files}/{Path.GetFileName(changed)}";
                if (plan.Add(changed, DiskSpace.StatusOf(changed), kept, FileStatus.Of(kept)))
                    todo.Push((changed, kept));
            }
        }

        return plan;
    }

    /// <summary>Does it. If it throws, the cache is neither what it was nor what it should be.</summary>
    public async Task RunAsync()
    {
        foreach (string path in doomed)
        {
            OpenUp(path);
            if (FileStatus.Of(path) is { Kind: FileKind.Directory })
                await TreeDeletion.DeleteAsync(path);
            else
                File.Delete(path);
        }

        foreach ((string from, string to, FileStatus status) in moves)
        {
            // Only root may move a directory that is closed to its owner.
            MakeWritable(Path.GetDirectoryName(from)!);
            OpenUp(to);
            if (status.Kind == FileKind.Directory)
                MakeWritable(from);
            NativeException.ThrowIfNegative(Libc.Rename(from, to), $"moving '{from}' to '{to}'");
            if (status.Kind == FileKind.Directory)
                File.SetUnixFileMode(to, (UnixFileMode)status.Mode);
        }

        // Inner ones first: whoever is not root can't reach what is in a closed one.
        foreach ((string directory, UnixFileMode mode) in modes.OrderByDescending(entry => entry.Key.Length))
            File.SetUnixFileMode(directory, mode);
    }

    private void OpenUp(string path)
    {
        string directory = Path.GetDirectoryName(path)!;
        if (MakeWritable(directory) is { } mode)
            modes.TryAdd(directory, mode);
    }

    // True if both are directories, and so what is in them is to be looked at.
    private bool Add(string changed, FileStatus status, string kept, FileStatus? there)
    {
        // The overlay tells of what was deleted by a device; sockets and pipes can't outlive those who made them.
        if (status.Kind == FileKind.Special)
        {
            if (isAlone)
                Doom(kept, there);
            return false;
        }

        bool replacesDirectory = there is { Kind: FileKind.Directory } && (status.Kind != FileKind.Directory || (isAlone && OverlayMarks.IsOpaque(changed)));
        if (status.Kind == FileKind.Directory && there is { Kind: FileKind.Directory } && !replacesDirectory)
        {
            if (isAlone && status.Mode != there.Value.Mode)
                modes.Add(kept, (UnixFileMode)status.Mode);
            return true;
        }

        if (there is not null && !isAlone)
            return false;
        if (replacesDirectory || status.Kind == FileKind.Directory)
            Doom(kept, there);
        else if (there is { } old)
            Growth -= DiskSpace.Of(old);
        moves.Add((changed, kept, status));
        Growth += DiskSpace.OfTree(changed, status);
        return false;
    }

    private void Doom(string kept, FileStatus? there)
    {
        if (there is not { } old)
            return;
        doomed.Add(kept);
        Growth -= DiskSpace.OfTree(kept, old);
    }

    /// <summary>Answers the mode that a directory had, if it was closed to its owner.</summary>
    private static UnixFileMode? MakeWritable(string directory)
    {
        const UnixFileMode Writable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        UnixFileMode mode = File.GetUnixFileMode(directory);
        if ((mode & Writable) == Writable)
            return null;
        File.SetUnixFileMode(directory, mode | Writable);
        return mode;
    }
}
