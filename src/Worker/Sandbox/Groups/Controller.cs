namespace RemoteExec.Worker.Sandbox.Groups;

/// <summary>Where one controller of the kernel's control groups can be used by this process.</summary>
/// <param name="Name">Its name: <c>memory</c>, <c>cpu</c>, <c>pids</c>.</param>
/// <param name="Version">The version of the hierarchy that it is in, 1 or 2; a machine may have both.</param>
/// <param name="Directory">The group that this process was given.</param>
internal readonly record struct Controller(string Name, int Version, string Directory)
{
    /// <summary>The name of the group that a worker moves itself to, below the one that it was given, where that has to be without processes.</summary>
    public const string WorkersOwn = "remoteexec-worker";

    /// <summary>What limits of actions need.</summary>
    public static IReadOnlyList<string> Wanted { get; } = ["memory", "cpu", "pids"];

    /// <summary>Finds the wanted ones.</summary>
    /// <param name="root">Where the kernel's file systems are mounted; <c>/</c> but in tests.</param>
    public static IReadOnlyList<Controller> Find(string root)
    {
        var found = new List<Controller>();
        string groups = Path.Combine(root, "proc/self/cgroup");
        foreach (string[] fields in File.Exists(groups) ? File.ReadLines(groups).Select(line => line.Split(':', 3)) : [])
        {
            // "number:controllers:path"; version 2 names no controllers.
            if (fields is not [_, { } names, { } own])
                continue;
            string path = Path.GetFileName(own) == WorkersOwn ? Path.GetDirectoryName(own)! : own; // where it has moved itself before
            foreach (string name in names.Length > 0 ? names.Split(',').Intersect(Wanted) : Wanted)
            {
                string[] mounts = names.Length > 0 ? [$"sys/fs/cgroup/{names}", $"sys/fs/cgroup/{name}"] : ["sys/fs/cgroup", "sys/fs/cgroup/unified"];
                int version = names.Length > 0 ? 1 : 2;
                if (mounts.Select(mount => OwnGroup(Path.Combine(root, mount), path)).FirstOrDefault(directory => IsThere(directory, name, version)) is { } group)
                    found.Add(new Controller(name, version, group));
            }
        }

        return [.. found.DistinctBy(controller => controller.Name)];
    }

    // In a container the path may be told as it is outside, while only the part below the container's own group is mounted.
    private static string OwnGroup(string mount, string path)
    {
        string own = Path.Combine(mount, path.TrimStart('/'));
        return System.IO.Directory.Exists(own) ? own : mount;
    }

    private static bool IsThere(string directory, string name, int version)
    {
        string controllers = Path.Combine(directory, "cgroup.controllers");
        return version == 1
            ? File.Exists(Path.Combine(directory, "cgroup.procs")) && !File.Exists(controllers)
            : File.Exists(controllers) && File.ReadAllText(controllers).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Contains(name);
    }
}
