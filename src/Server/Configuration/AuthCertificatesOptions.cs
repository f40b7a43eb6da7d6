namespace RemoteExec.Server.Configuration;

/// <summary>Certificates that callers show (mTLS). Needs <c>listeners.tls</c>, whose listeners then ask for one; who has none may show something else.</summary>
internal sealed record AuthCertificatesOptions : IOptions
{
    /// <summary>A PEM file with the root that the certificates of callers are from, and with those between.</summary>
    public string? Ca { get; init; }

    /// <summary>Which certificates have which role. One that fits several has them all; one that fits none may do nothing.</summary>
    public IReadOnlyList<CertificateRuleOptions> Rules { get; init; } = [];

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Ca is null && Rules.Count > 0)
            yield return new(nameof(Ca), "is missing: which authority are the certificates of?");
        if (Ca is not null && Rules.Count == 0)
            yield return new(nameof(Rules), "is empty: say which certificates have which role");
    }
}
