using RemoteExec.Native;

namespace RemoteExec.Worker.Inputs;

/// <summary>
/// Finds paths below an action's root as the kernel would, following symlinks, but never out of the root: neither inputs that a client made up
/// nor what an action left behind leads the worker elsewhere. To be used only while nothing else changes the tree.
/// </summary>
internal static class PathInRoot
{
    /// <summary>
    /// Resolves a relative path below <paramref name="root"/>; what does not exist is taken literally. Null if it leads out of the root or round
    /// in circles.
    /// </summary>
    /// <param name="root">An absolute path without symlinks.</param>
    /// <param name="path">A relative path; <c>..</c> may occur while it stays inside.</param>
    /// <param name="followLast">True to follow a symlink that is the last segment.</param>
    /// <param name="seenAs">Where those who made absolute symlinks thought the root to be, as <paramref name="root"/>; null for there.</param>
    public static string? Resolve(string root, string path, bool followLast, string? seenAs = null)
    {
        var walk = new PathWalk(seenAs ?? root, path, followLast);
        while (walk.Next() is { } next)
        {
            string place = $"{root}/{next}";
            if (FileStatus.Of(place) is { Kind: FileKind.Symlink })
                walk.Follow(FileStatus.TargetOf(place));
        }

        if (walk.LeadsOut)
            return null;
        return walk.Current.Length == 0 ? root : $"{root}/{walk.Current}";
    }

    /// <summary>True if an absolute path, as it is written, is the root or begins below it.</summary>
    public static bool IsInside(string root, string path) =>
        path.StartsWith(root, StringComparison.Ordinal) && (path.Length == root.Length || path[root.Length] == '/');
}
