namespace RemoteExec.Worker.Sandbox;

/// <summary>The names of the tiers.</summary>
internal static class SandboxTiers
{
    /// <summary>A directory and, if possible, a user of its own.</summary>
    public const string Directory = "directory";

    /// <summary>Namespaces of its own, with the input root laid out in a directory.</summary>
    public const string Namespaces = "namespaces";

    /// <summary>The same, with the input root put together of cached trees.</summary>
    public const string CachedTrees = "cached-trees";

    /// <summary>The same, for actions that bring a root file system of their own.</summary>
    public const string RootFileSystem = "rootfs";
}
