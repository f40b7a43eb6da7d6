using RemoteExec.Protocol;

namespace RemoteExec.Trees.Deploy;

/// <summary>A directory of the CAS that was put into service on this machine.</summary>
/// <param name="Root">The directory.</param>
/// <param name="Reference">What it was asked for by, with a path if there was one; null for a digest.</param>
/// <param name="Version">The version of the reference; null if it is not known.</param>
/// <param name="Deployed">When it was put into service last.</param>
public sealed record Release(Digest Root, string? Reference, long? Version, DateTimeOffset Deployed)
{
    /// <summary>The name of its directory among the releases: its hash.</summary>
    public string Name => Root.Hash;

    /// <summary>How it is called where people read it: by the beginning of its hash, and what it was asked for by.</summary>
    public override string ToString() => $"{Name[..12]}{(Reference is null ? "" : Version is null ? $" ({Reference})" : $" ({Reference}, version {Version})")}";
}
