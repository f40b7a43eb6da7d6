namespace RemoteExec.Protocol;

/// <summary>The version of <c>protos/remoteexec/worker.proto</c>. The major one is in the name of its package.</summary>
public static class WorkerProtocol
{
    /// <summary>The minor version: what is new in it, who is older leaves out and ignores.</summary>
    public const uint Minor = 6;

    /// <summary>The first minor version of which workers are told what they may be given next.</summary>
    public const uint MinorWithUpcoming = 3;

    /// <summary>The first minor version of which workers show what they are given with an action where they reach blobs.</summary>
    public const uint MinorWithLeaseTokens = 6;

    /// <summary>The longest post, in bytes: servers refuse messages that are much longer.</summary>
    public const int MaxPostBytes = 15 * 1024 * 1024;

    /// <summary>The version as people write it.</summary>
    public static string Version { get; } = $"1.{Minor}";
}
