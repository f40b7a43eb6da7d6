using RemoteExec.Protocol;
using RemoteExec.Worker.Sandbox.Launcher;

namespace RemoteExec.Worker.Sandbox;

/// <summary>What all actions in namespaces have in common.</summary>
internal sealed record NamespaceSettings
{
    /// <summary>
    /// Who actions run as, everywhere: an id that nobody else has. One is enough for all of them, as they neither see nor reach each other.
    /// </summary>
    public const uint User = 60599;

    /// <summary>What actions see as their host's name.</summary>
    public const string HostName = "remoteexec";

    /// <summary>Files of the system that actions see, the same everywhere: the path and the content of each.</summary>
    public static IReadOnlyList<(string Path, string Content)> Files { get; } =
    [
        ("/etc/passwd", $"root:x:0:0:root:/:/bin/sh\nbuild:x:{User}:{User}:build:{NamespaceSandbox.Root}:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n"),
        ("/etc/group", $"root:x:0:\nbuild:x:{User}:\nnogroup:x:65534:\n"),
        ("/etc/hosts", $"127.0.0.1 localhost {HostName}\n::1 localhost {HostName}\n"),
        ("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
    ];

    /// <summary>What makes the sandboxes: the launcher or, as a fallback, bwrap. An absolute path.</summary>
    public required string Program { get; init; }

    /// <summary>True if the worker is not root: then <see cref="User"/> is the worker's own user outside of the sandbox.</summary>
    public required bool IsUserMapped { get; init; }

    /// <summary>True to mount input roots as overlays, false to bind directories in which they are laid out.</summary>
    public required bool Overlays { get; init; }

    /// <summary>What actions see of the host.</summary>
    public required HostMounts Host { get; init; }

    /// <summary>True if actions that ask for it may reach the machine's network.</summary>
    public bool AllowsNetwork { get; init; }

    /// <summary>Where limits are set; null if they can't be.</summary>
    public Groups.ControlGroups? Groups { get; init; }

    /// <summary>Why no action can be run that asks for this; null if it can.</summary>
    public string? Refuse(ActionPlatform platform)
    {
        if (platform.RootFileSystem is not null && !Overlays)
            return $"it asks for a root file system of its own ({SandboxProperties.RootFileSystem})";
        if (platform.RootFileSystem is null && platform.Caches.FirstOrDefault(cache => cache.IsAbsolute && Host.Meets(cache.Path)) is { } wrong)
            return $"it asks for a cache where the machine's tools are ({SandboxProperties.CachePrefix}{wrong.Name}={wrong.Path}, worker.sandbox.hostPaths)";
        return platform.Network && !AllowsNetwork ? $"it asks for the network ({SandboxProperties.Network}=on, worker.sandbox.network)" : null;
    }

    /// <summary>What a launcher is told first.</summary>
    public LauncherRequest ToSetup(ScratchDirectory scratch, LauncherKind kind)
    {
        LauncherRequest setup = new LauncherRequest("setup")
            .Add("user", User)
            .Add("map", IsUserMapped ? 1 : 0)
            .Add("network", kind.Network ? "host" : "none")
            .Add("root", scratch.MountPoint)
            .Add("scratch", scratch.Location)
            .Add("cache", scratch.Cache);
        foreach (string place in (string[])["/proc", "/tmp", NamespaceSandbox.Root, "/etc", "/.image"])
            setup.Add("directory", place);
        Host.AddTo(setup);
        foreach (string place in kind.PlacePaths)
            setup.Add("directory", place);
        if (kind.Network)
            new HostMounts(["/etc/resolv.conf"]).AddTo(setup);
        foreach ((string path, string content) in Files)
            setup.Add("file", path, content);
        return setup;
    }
}
