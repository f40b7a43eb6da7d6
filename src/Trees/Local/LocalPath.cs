namespace RemoteExec.Trees.Local;

/// <summary>Paths of directories on this machine.</summary>
internal static class LocalPath
{
    /// <summary>The absolute path of a directory, behind the symlink that it may be; null if nothing is there.</summary>
    /// <exception cref="TreeException">Something else is there.</exception>
    /// <exception cref="IOException">It can't be known.</exception>
    public static string? Resolve(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Path.Exists(full) && File.ResolveLinkTarget(full, returnFinalTarget: true) is { } target)
            full = target.FullName;
        if (Directory.Exists(full))
            return full;
        return File.Exists(full) ? throw new TreeException($"'{path}' is no directory") : null;
    }
}
