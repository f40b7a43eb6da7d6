using RemoteExec.Fetching;

namespace RemoteExec.Server.Auth.Jwt;

/// <summary>Where an issuer publishes its keys: at an address that is known, or that its configuration names (OpenID Connect Discovery).</summary>
/// <param name="issuer">The issuer.</param>
/// <param name="keys">Where its keys are; null to ask its configuration.</param>
/// <param name="fetch">Fetches.</param>
internal sealed class KeyEndpoint(string issuer, Uri? keys, HttpFetch fetch) : IDisposable
{
    private const string WellKnown = "/.well-known/openid-configuration";
    private const int MaxBytes = 256 * 1024;
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(10);

    /// <summary>Fetches the set of keys, as it is written.</summary>
    /// <exception cref="FetchFailedException">It can't be had.</exception>
    public async Task<byte[]> FetchAsync(CancellationToken cancellationToken) =>
        await fetch.GetAsync(keys ?? await DiscoverAsync(cancellationToken), MaxBytes, patience, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => fetch.Dispose();

    private async Task<Uri> DiscoverAsync(CancellationToken cancellationToken)
    {
        var address = new Uri(issuer.TrimEnd('/') + WellKnown);
        if (StrictJson.ParseObject(await fetch.GetAsync(address, MaxBytes, patience, cancellationToken)) is not { } configuration)
            throw new FetchFailedException($"{address} is no JSON object");
        if (StrictJson.TextOf(configuration, "issuer") != issuer)
            throw new FetchFailedException($"{address} is the configuration of another issuer: its 'issuer' is not exactly '{issuer}'");
        if (!Uri.TryCreate(StrictJson.TextOf(configuration, "jwks_uri"), UriKind.Absolute, out Uri? found))
            throw new FetchFailedException($"{address} names no address of keys (jwks_uri)");
        return found; // which is checked as every address is
    }
}
