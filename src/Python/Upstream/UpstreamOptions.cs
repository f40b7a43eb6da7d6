using RemoteExec.Protocol;

namespace RemoteExec.Python.Upstream;

/// <summary>Where an upstream is, and where what it has goes.</summary>
public sealed record UpstreamOptions
{
    /// <summary>What its projects are below: ends with a slash.</summary>
    public required Uri Address { get; init; }

    /// <summary>The instance that its files go into.</summary>
    public required InstanceName Instance { get; init; }

    /// <summary>A directory for what is on its way.</summary>
    public required string SpoolDirectory { get; init; }

    /// <summary>How long a file may be, in bytes.</summary>
    public required long MaxFileBytes { get; init; }
}
