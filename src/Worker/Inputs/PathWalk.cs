namespace RemoteExec.Worker.Inputs;

/// <summary>
/// Takes a path below a root apart as the kernel would: who uses it says of each step whether a symlink is there, and where that leads. It never leads
/// out of the root.
/// </summary>
internal sealed class PathWalk
{
    private const int MaxLinks = 40; // as in the kernel

    private readonly string root;
    private readonly bool followLast;
    private readonly List<string> done = [];
    private readonly Stack<string> todo = new();
    private int links;

    /// <summary>Begins a walk.</summary>
    /// <param name="root">How symlinks with absolute targets call the root.</param>
    /// <param name="path">A path relative to it; <c>..</c> may occur while it stays inside.</param>
    /// <param name="followLast">True to follow a symlink that is the last segment.</param>
    public PathWalk(string root, string path, bool followLast)
    {
        this.root = root;
        this.followLast = followLast;
        Push(path);
    }

    /// <summary>True if the path leads out of the root, or round in circles: the walk has ended.</summary>
    public bool LeadsOut { get; private set; }

    /// <summary>Where the walk stands: relative to the root, no symlink on the way; empty for the root itself.</summary>
    public string Current => string.Join('/', done);

    /// <summary>Goes on to the next place that is to be followed if it is a symlink; null at the end.</summary>
    public string? Next()
    {
        while (!LeadsOut && todo.TryPop(out string? segment))
        {
            if (segment is "" or ".")
                continue;
            if (segment == "..")
            {
                LeadsOut = done.Count == 0;
                if (!LeadsOut)
                    done.RemoveAt(done.Count - 1);
                continue;
            }

            done.Add(segment);
            if (todo.Count > 0 || followLast)
                return Current;
        }

        return null;
    }

    /// <summary>Follows the symlink at the current place.</summary>
    /// <param name="target">Where it leads; null if that can't be said.</param>
    public void Follow(string? target)
    {
        LeadsOut = target is null || ++links > MaxLinks || (target.StartsWith('/') && !PathInRoot.IsInside(root, target));
        if (LeadsOut)
            return;
        done.RemoveAt(done.Count - 1);
        if (target!.StartsWith('/'))
        {
            done.Clear();
            target = target[root.Length..];
        }

        Push(target);
    }

    private void Push(string text)
    {
        foreach (string segment in text.Split('/').Reverse())
            todo.Push(segment);
    }
}
