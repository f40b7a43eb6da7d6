namespace RemoteExec.Protocol;

/// <summary>The platform properties by which an action asks for a sandbox, and by which workers tell which they have.</summary>
public static class SandboxProperties
{
    /// <summary>The tier: a worker offers its own and those below.</summary>
    public const string Tier = "sandbox";

    /// <summary>The directory of the CAS that is the action's whole file system, as <c>hash/size</c>.</summary>
    public const string RootFileSystem = "rootfs";

    /// <summary>Whether the action can reach the network: <c>on</c> or <c>off</c>, which it is without the property.</summary>
    public const string Network = "network";

    /// <summary>
    /// Whether what the action looks at is written down: <c>on</c> or <c>off</c>, which it is, without the property, unless the worker does so for all. It means nothing
    /// to the choice of a worker.
    /// </summary>
    public const string Audit = "audit";

    /// <summary>What comes before the name of a directory that is kept from action to action; the value is its path. It means nothing to the choice of a worker.</summary>
    public const string CachePrefix = "cache:";

    /// <summary>What a persistent process is for: actions with another value don't share it. It means nothing to the choice of a worker.</summary>
    public const string PersistentWorkerKey = "persistentWorkerKey";

    /// <summary>How a persistent process is spoken to: <c>proto</c>, as without it, or <c>json</c>. It means nothing to the choice of a worker.</summary>
    public const string PersistentWorkerProtocol = "persistentWorkerProtocol";

    /// <summary>The node property of inputs that belong to the tool which a persistent process runs.</summary>
    public const string ToolInput = "bazel_tool_input";
}
