using RemoteExec.Protocol;
using RemoteExec.Trees.Local;

namespace RemoteExec.Trees.Push;

/// <summary>How directories are pushed.</summary>
public sealed record TreePushOptions
{
    /// <summary>The instance that they go to.</summary>
    public InstanceName Instance { get; init; }

    /// <summary>What their digests are computed by; unknown for what the server names first.</summary>
    public DigestFunction Function { get; init; }

    /// <summary>What of them is pushed.</summary>
    public ScanOptions Scan { get; init; } = new();

    /// <summary>A tree in the CAS that this one may be a later version of, where large files are likely to have most of their content from; null if none is known.</summary>
    public Digest? Earlier { get; init; }

    /// <summary>What is known of directories that were pushed before; null to read every file.</summary>
    public StateFiles? State { get; init; }
}
