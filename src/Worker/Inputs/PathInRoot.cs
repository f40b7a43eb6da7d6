using RemoteExec.Worker.Native;

namespace RemoteExec.Worker.Inputs;

/// <summary>
/// Finds paths below an action's root as the kernel would, following symlinks, but never out of the root: neither inputs that a client made up
/// nor what an action left behind leads the worker elsewhere. To be used only while nothing else changes the tree.
/// </summary>
internal static class PathInRoot
{
    private const int MaxLinks = 40; // as in the kernel

    /// <summary>
    /// Resolves a relative path below <paramref name="root"/>; what does not exist is taken literally. Null if it leads out of the root or round
    /// in circles.
    /// </summary>
    /// <param name="root">An absolute path without symlinks.</param>
    /// <param name="path">A relative path; <c>..</c> may occur while it stays inside.</param>
    /// <param name="followLast">True to follow a symlink that is the last segment.</param>
    public static string? Resolve(string root, string path, bool followLast)
    {
        var done = new List<string>();
        var todo = new Stack<string>();
        Push(path);
        int links = 0;
        while (todo.TryPop(out string? segment))
        {
            if (segment is "" or ".")
                continue;
            if (segment == "..")
            {
                if (done.Count == 0)
                    return null;
                done.RemoveAt(done.Count - 1);
                continue;
            }

            done.Add(segment);
            if ((todo.Count == 0 && !followLast) || FileStatus.Of(Current()) is not { Kind: FileKind.Symlink })
                continue;
            if (FileStatus.TargetOf(Current()) is not { } target || ++links > MaxLinks)
                return null;
            done.RemoveAt(done.Count - 1);
            if (target.StartsWith('/'))
            {
                if (!IsInside(root, target))
                    return null;
                done.Clear();
                target = target[root.Length..];
            }

            Push(target);
        }

        return Current();

        string Current() => done.Count == 0 ? root : $"{root}/{string.Join('/', done)}";

        void Push(string text)
        {
            foreach (string segment in text.Split('/').Reverse())
                todo.Push(segment);
        }
    }

    /// <summary>True if an absolute path, as it is written, is the root or begins below it.</summary>
    public static bool IsInside(string root, string path) =>
        path.StartsWith(root, StringComparison.Ordinal) && (path.Length == root.Length || path[root.Length] == '/');
}
