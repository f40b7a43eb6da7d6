using RemoteExec.Worker.Caches;
using RemoteExec.Worker.Inputs;

namespace RemoteExec.Worker.Sandbox.Bubblewrap;

/// <summary>What bwrap is told: the same view of the world as <see cref="NamespaceSandbox"/> gives, put together for one action.</summary>
internal static class BubblewrapOptions
{
    /// <summary>The numbers of the files that bwrap has open: its options, where it tells what becomes of the command, and the filter of system calls.</summary>
    public const int OptionsFile = 3, StatusFile = 4, FilterFile = 5;

    // What the kernel tells of the machine, or of others, and no action needs.
    private static readonly string[] hidden = ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sysrq-trigger"];

    /// <summary>The options for a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="settings">What all actions have in common.</param>
    /// <param name="files">The directory in which the system's files are.</param>
    /// <param name="script">The file that is to be executed.</param>
    public static IReadOnlyList<string> Of(SandboxCommand command, NamespaceSettings settings, string files, string script)
    {
        string user = $"{NamespaceSettings.User}";
        List<string> options =
        [
            "--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try", "--uid", user, "--gid", user, "--cap-drop", "ALL",
            "--hostname", command.Vary ?? NamespaceSettings.HostName, "--die-with-parent", "--json-status-fd", $"{StatusFile}", "--seccomp", $"{FilterFile}",
        ];
        if (command.Input?.Terminal is null)
            options.Add("--new-session"); // one of its own it has in any case, but a terminal steers only the one that it is opened in
        if (!command.Network)
            options.Add("--unshare-net");
        AddHost(options, settings.Host);
        if (command.Network)
            AddHost(options, new HostMounts(["/etc/resolv.conf"]));
        foreach ((string path, string _) in NamespaceSettings.Files)
            options.AddRange(["--ro-bind", Path.Join(files, path), path]);
        options.AddRange(["--dev", "/dev", "--tmpfs", "/dev/shm", "--remount-ro", "/dev", "--proc", "/proc"]);
        foreach (string file in hidden.Where(File.Exists))
            options.AddRange(["--dev-bind", "/dev/null", file]);
        options.AddRange(["--tmpfs", "/proc/1", "--remount-ro", "/proc/1"]); // bwrap's own process, which has no filter
        options.AddRange(["--bind", command.Directory.Temporary, NamespaceSandbox.Temporary, "--bind", command.Directory.Root, NamespaceSandbox.Root]);
        foreach (CacheMount cache in command.Caches)
        {
            if (PathInRoot.IsInside(NamespaceSandbox.Temporary, cache.Place))
                command.Directory.MakeTemporaryPlace(cache.Place[NamespaceSandbox.Temporary.Length..]);
            options.AddRange(["--bind", cache.Source, cache.IsAbsolute ? cache.Place : $"{NamespaceSandbox.Root}/{cache.Place}"]);
        }

        options.AddRange(["--ro-bind", script, CommandScript.Place, "--remount-ro", "/", "--chdir", Path.Join(NamespaceSandbox.Root, command.WorkingDirectory)]);
        return options;
    }

    private static void AddHost(List<string> options, HostMounts host)
    {
        foreach ((string path, string? target) in host.Places)
            options.AddRange(target is null ? ["--ro-bind", path, path] : ["--symlink", target, path]);
    }
}
