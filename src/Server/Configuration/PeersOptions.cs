namespace RemoteExec.Server.Configuration;

/// <summary>How servers show each other who they are when they carry calls on.</summary>
internal sealed record PeersOptions : IOptions
{
    /// <summary>The authorities that are trusted instead of those of the system, a PEM file, where servers speak TLS.</summary>
    public string? CaFile { get; init; }

    /// <summary>The name in the certificates of the others, where it is not the host that they are reached at (<c>execution.scheduler.advertise</c>), as where that is an address.</summary>
    public string? TlsServerName { get; init; }

    /// <summary>A file with the token for the listener of workers, on its first line. Without it a worker's own token is passed on.</summary>
    public string? TokenFile { get; init; }

    /// <summary>
    /// A file with the token for the listener of clients, on its first line, with the role <c>node</c>: where callers are told apart, servers say for whom they carry calls on, and are believed because of it.
    /// </summary>
    public string? ClientTokenFile { get; init; }

    /// <summary>The certificate to show, a PEM file, where the listener of workers asks for one.</summary>
    public string? Certificate { get; init; }

    /// <summary>The key of the certificate, a PEM file.</summary>
    public string? Key { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Certificate is null != Key is null)
            yield return new(Certificate is null ? nameof(Certificate) : nameof(Key), "is missing: a certificate is shown with its key");
    }
}
