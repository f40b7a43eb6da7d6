using RemoteExec.Assets;

namespace RemoteExec.Server.Configuration;

/// <summary>The Remote Asset API: what a URI means, as somebody has pushed it, or as it was fetched from there. docs/assets.md tells of it.</summary>
internal sealed record AssetsOptions : IOptions
{
    private static readonly TimeSpan longestTimeout = TimeSpan.FromDays(1);
    private static readonly AssetFetchOptions defaults = new() { SpoolDirectory = "" };

    /// <summary>Whether it is offered.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>
    /// Whether assets may be fetched from private addresses and from this machine. Then whoever may write blobs can have the server ask machines that he may not reach himself, and read what they answer.
    /// </summary>
    public bool AllowPrivate { get; init; }

    /// <summary>A PEM file with the certificates to trust instead of the system's, for mirrors with an authority of their own.</summary>
    public string? CaFile { get; init; }

    /// <summary>How long an asset may be, and how much what is in an archive together.</summary>
    public ByteSize MaxBytes { get; init; } = new(defaults.MaxBytes);

    /// <summary>How long a fetch may take, whatever a client asks for; it goes on for as long though the call that wanted it has ended.</summary>
    public TimeSpan Timeout { get; init; } = defaults.Timeout;

    /// <summary>When what was fetched without a checksum is fetched again; a client that wants it newer says so.</summary>
    public TimeSpan KeepUnverified { get; init; } = defaults.KeepUnverified;

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (MaxBytes.Bytes <= 0)
            yield return new(nameof(MaxBytes), "must be positive");
        if (Timeout <= TimeSpan.Zero || Timeout > longestTimeout)
            yield return new(nameof(Timeout), "must be positive, and at most a day");
        if (KeepUnverified < TimeSpan.Zero)
            yield return new(nameof(KeepUnverified), "must not be negative");
    }
}
