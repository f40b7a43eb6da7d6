namespace RemoteExec.Assets;

/// <summary>How assets are fetched.</summary>
public sealed record AssetFetchOptions
{
    /// <summary>A directory for what is on its way; emptied at the start.</summary>
    public required string SpoolDirectory { get; init; }

    /// <summary>How long an asset may be, and all files of an archive together, in bytes.</summary>
    public long MaxBytes { get; init; } = 4L << 30;

    /// <summary>How long a fetch may take, whatever a client asks for.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long something is taken for what a URI leads to that was fetched without a checksum.</summary>
    public TimeSpan KeepUnverified { get; init; } = TimeSpan.FromDays(1);

    /// <summary>A PEM file with the certificates to trust instead of the system's; null for those.</summary>
    public string? CaFile { get; init; }

    /// <summary>The program that fetches repositories of git.</summary>
    internal string Git { get; init; } = "git";
}
