namespace RemoteExec.Worker.Machine;

/// <summary>The control groups that bound the memory of this process: version 1 or 2.</summary>
internal static class MemoryGroup
{
    /// <summary>Their directories, the process's own group first, then those above it; none if the kernel has none, or shows none.</summary>
    /// <param name="root">Where the file systems of the kernel are mounted, for tests; <c>/</c>.</param>
    public static IReadOnlyList<string> Directories(string root)
    {
        string groups = Path.Combine(root, "proc/self/cgroup");
        if (!File.Exists(groups))
            return [];
        foreach (string[] fields in File.ReadLines(groups).Select(line => line.Split(':', 3)).Where(fields => fields.Length == 3))
        {
            // "number:controllers:path"; version 2 names no controllers. Where both are mounted, memory belongs to one of them.
            string? mount = fields[1].Split(',').Contains("memory") ? "sys/fs/cgroup/memory" : fields[1].Length == 0 ? "sys/fs/cgroup" : null;
            if (mount is null)
                continue;
            string[] found = [.. Upwards(Path.Combine(root, mount), fields[2]).Where(IsMemoryGroup)];
            if (found.Length > 0)
                return found;
        }

        return [];
    }

    // In a container the path may be told as it is outside, while only the part below the container's own group is mounted.
    private static IEnumerable<string> Upwards(string mount, string path)
    {
        for (string? below = path.TrimStart('/'); !string.IsNullOrEmpty(below); below = Path.GetDirectoryName(below))
            yield return Path.Combine(mount, below);
        yield return mount;
    }

    private static bool IsMemoryGroup(string directory) =>
        File.Exists(Path.Combine(directory, "memory.max")) || File.Exists(Path.Combine(directory, "memory.limit_in_bytes"))
        || File.Exists(Path.Combine(directory, "memory.events"));
}
