using RemoteExec.Fetching;

namespace RemoteExec.Server.Configuration;

/// <summary>
/// An issuer of signed tokens (JWT), as an OpenID Connect provider is, whose bearers are let in. Signatures are RS, PS and ES with SHA-256, 384 or 512. With neither <c>jwksUri</c> nor
/// <c>jwksFile</c> the issuer's configuration, <c>ISSUER/.well-known/openid-configuration</c>, says where its keys are.
/// </summary>
internal sealed record JwtOptions : IOptions
{
    private static readonly TimeSpan longestSkew = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan shortestRefresh = TimeSpan.FromMinutes(1);

    /// <summary>What <c>iss</c> of a token is, letter by letter.</summary>
    public string? Issuer { get; init; }

    /// <summary>What <c>aud</c> of a token has to name, or one of several: whatever the issuer calls this server. Tokens for others are refused, which whoever they are for could show here.</summary>
    public IReadOnlyList<string> Audience { get; init; } = [];

    /// <summary>Where the issuer's keys are, <c>https://</c>.</summary>
    public string? JwksUri { get; init; }

    /// <summary>A file with the issuer's keys, which is read again when it changes.</summary>
    public string? JwksFile { get; init; }

    /// <summary>A PEM file with the certificates to trust instead of the system's when keys are fetched.</summary>
    public string? CaFile { get; init; }

    /// <summary>Whether keys may be fetched from private addresses and from this machine, there also over <c>http://</c>.</summary>
    public bool PrivateAddresses { get; init; }

    /// <summary>When keys are fetched again. For a token with a key that is not known they are at once, but not more than every ten seconds.</summary>
    public TimeSpan Refresh { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long keys hold that can't be fetched again.</summary>
    public TimeSpan StaleFor { get; init; } = TimeSpan.FromDays(1);

    /// <summary>How much the issuer's clock may differ from this server's.</summary>
    public TimeSpan ClockSkew { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The claim that is the caller's name in the log.</summary>
    public string NameClaim { get; init; } = "sub";

    /// <summary>Who may do what: a token gets what every rule gives that fits. One that none fits is good, and may do nothing.</summary>
    public IReadOnlyList<JwtRuleOptions> Rules { get; init; } = [];

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Issuer is null)
            yield return new(nameof(Issuer), "is missing: whose tokens are taken?");
        else if ((JwksUri ?? JwksFile) is null && ProblemOf(Issuer) is { } problem)
            yield return new(nameof(Issuer), $"{problem}, so its configuration can't be fetched: set jwksUri or jwksFile");
        if (Audience.Count == 0)
            yield return new(nameof(Audience), "is missing: without it, tokens for anybody would be taken");
        if (JwksUri is not null && JwksFile is not null)
            yield return new(nameof(JwksFile), "and jwksUri can't both be set");
        if (JwksUri is not null && ProblemOf(JwksUri) is { } bad)
            yield return new(nameof(JwksUri), bad);
        if (ClockSkew < TimeSpan.Zero || ClockSkew > longestSkew)
            yield return new(nameof(ClockSkew), $"must be from 0s to {Duration.Format(longestSkew)}");
        if (Refresh < shortestRefresh)
            yield return new(nameof(Refresh), $"must be at least {Duration.Format(shortestRefresh)}");
        if (StaleFor < Refresh)
            yield return new(nameof(StaleFor), $"must be at least refresh, {Duration.Format(Refresh)}");
        if (Rules.Count == 0)
            yield return new(nameof(Rules), "is empty: nobody could do anything with a token of this issuer");
    }

    private string? ProblemOf(string address)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? uri))
            return $"'{address}' is no address";
        if (FetchableAddresses.ProblemOf(uri) is { } problem)
            return $"'{address}' {problem}";
        return uri.Scheme == "http" && !PrivateAddresses ? $"'{address}' is on this machine: say privateAddresses: true if that is meant" : null;
    }
}
