namespace RemoteExec.Server.Configuration;

/// <summary>How workers on other machines show who they are; a token or a certificate will do if both are set.</summary>
internal sealed record WorkerAuthOptions : IOptions
{
    /// <summary>
    /// A file with tokens, one a line, as they are or as <c>sha256:</c> with the hex digits of their hash. It is read again when it changes: add the new token, change the workers
    /// (<c>--token-file</c>), then take the old one away. Without TLS, who listens on the network reads the token.
    /// </summary>
    public string? TokenFile { get; init; }

    /// <summary>A PEM file with the root that the certificates of workers (<c>--cert</c>, <c>--key</c>) are from, and with those between. Needs <c>listeners.tls</c>.</summary>
    public string? ClientCa { get; init; }

    /// <summary>Whether whoever reaches the address may be a worker, and so decide what actions answer: only where the network lets nobody else through.</summary>
    public bool Insecure { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Insecure && (TokenFile ?? ClientCa) is not null)
            yield return new(nameof(Insecure), "lets everybody in, which tokenFile and clientCa are to prevent: leave out one or the other");
    }
}
