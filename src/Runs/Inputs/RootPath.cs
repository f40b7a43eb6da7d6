namespace RemoteExec.Runs.Inputs;

/// <summary>Paths below the root of an action's inputs, as the API writes them: segments with slashes between, none of which leads up; empty for the root itself.</summary>
public static class RootPath
{
    /// <summary>Brings a path into that form; null if it leads out of the root, or begins there: with a slash.</summary>
    public static string? Normalize(string path)
    {
        if (path.StartsWith('/') || path.Contains('\0'))
            return null;
        var segments = new List<string>();
        foreach (string segment in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (segment == ".")
                continue;
            if (segment != "..")
                segments.Add(segment);
            else if (segments.Count > 0)
                segments.RemoveAt(segments.Count - 1);
            else
                return null;
        }

        return string.Join('/', segments);
    }

    /// <summary>Where a path that is written relative to a directory is; null if it leads out of the root.</summary>
    /// <param name="directory">The directory, in normal form.</param>
    /// <param name="path">The path.</param>
    public static string? Resolve(string directory, string path) => path.StartsWith('/') ? null : Normalize($"{directory}/{path}".TrimStart('/'));

    /// <summary>A path as it is written relative to a directory; both in normal form.</summary>
    public static string Relative(string directory, string path)
    {
        string[] from = Segments(directory), to = Segments(path);
        int shared = from.Zip(to).TakeWhile(pair => pair.First == pair.Second).Count();
        return string.Join('/', Enumerable.Repeat("..", from.Length - shared).Concat(to[shared..]));
    }

    private static string[] Segments(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries);
}
