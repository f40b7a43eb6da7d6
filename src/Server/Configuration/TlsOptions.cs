namespace RemoteExec.Server.Configuration;

/// <summary>TLS for every TCP listener; UNIX sockets stay plain.</summary>
internal sealed record TlsOptions : IOptions
{
    /// <summary>The certificate and its chain, a PEM file.</summary>
    public string? Certificate { get; init; }

    /// <summary>The private key of the certificate, a PEM file.</summary>
    public string? Key { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Certificate is null != Key is null)
            yield return new(Certificate is null ? nameof(Certificate) : nameof(Key), "is missing: TLS needs both a certificate and its key");
    }
}
