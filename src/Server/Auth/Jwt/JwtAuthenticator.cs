using System.Net.Security;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using RemoteExec.Fetching;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Auth.Jwt;

/// <summary>
/// Knows callers by tokens that issuers have signed: as <c>Authorization: Bearer</c>, or as the password of HTTP basic with any user's name. What was found good is remembered, as the header that it stood in, until the token ends or the keys of
/// its issuer change.
/// </summary>
internal sealed class JwtAuthenticator : IAuthenticator, IAsyncDisposable
{
    private const int MostRemembered = 10_000;
    private const int LongestRemembered = CompactToken.MaxLength + 100; // with the scheme before it
    private readonly List<JwtIssuer> issuers = [];
    private readonly Dictionary<JwtIssuer, JwtCallers> callers = [];
    private readonly JwtVerifier verifier;
    private readonly RecentTokens<Known> recent = new(MostRemembered);
    private readonly TimeProvider time;

    /// <summary>Begins to fetch keys, and reads those that are in files.</summary>
    /// <param name="options">The issuers, which were checked.</param>
    /// <param name="roles">The roles that rules may give.</param>
    /// <param name="logger">Told of keys that can't be had.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="StartupException">A file can't be used.</exception>
    public JwtAuthenticator(IReadOnlyList<JwtOptions> options, Roles roles, ILogger logger, TimeProvider time)
    {
        this.time = time;
        // Files first: as long as one of them may be bad, there is nothing to be undone.
        SslClientAuthenticationOptions?[] trust = [.. options.Select(one => one.CaFile is { } file ? Trust(file) : null)];
        KeyFile?[] files = [.. options.Select(one => one.JwksFile is { } file ? new KeyFile(file, "auth.jwt jwksFile", logger, time) : null)];
        for (int i = 0; i < options.Count; i++)
        {
            JwtOptions one = options[i];
            var issuer = new JwtIssuer(one.Issuer!, one.Audience, one.ClockSkew, (IKeySource?)files[i] ?? Fetch(one, trust[i], logger, time), time);
            issuers.Add(issuer);
            callers.Add(issuer, new JwtCallers(issuer.Name, one.NameClaim, [.. one.Rules.Select(rule => JwtRule.Of(rule, roles))]));
        }

        verifier = new JwtVerifier(issuers);
        Kind = $"a signed token of {string.Join(" or ", issuers.Select(issuer => issuer.Name).Distinct())} (Authorization: Bearer, or as the password of Authorization: Basic)";
    }

    /// <inheritdoc/>
    public string Kind { get; }

    /// <inheritdoc/>
    public ValueTask<Authentication> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken)
    {
        if (credentials.Authorization is not { } header)
            return ValueTask.FromResult(Authentication.NotMine);
        if (header.Length <= LongestRemembered && recent.Find(header) is { } known && known.Holds(time.GetUtcNow()))
            return ValueTask.FromResult(known.Answer);
        string? shown = credentials.BearerToken ?? (credentials.TryGetBasic(out _, out string? password) ? password : null);
        return shown is not null && CompactToken.IsMeant(shown) ? VerifyAsync(header, shown, cancellationToken) : ValueTask.FromResult(Authentication.NotMine);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => verifier.DisposeAsync();

    private async ValueTask<Authentication> VerifyAsync(string header, string token, CancellationToken cancellationToken)
    {
        JwtVerdict verdict = await verifier.VerifyAsync(token, cancellationToken);
        if (verdict is not JwtVerdict.Good good)
            return Refuse(((JwtVerdict.Bad)verdict).Reason);
        if (callers[good.Issuer].Of(good.Claims, out string problem) is not { } caller)
            return Refuse(problem);
        var known = new Known(Authentication.Of(caller), good.Expires, good.Issuer, good.Keys);
        if (header.Length <= LongestRemembered)
            recent.Set(header, known);
        return known.Answer;
    }

    private static Authentication Refuse(string reason) => Authentication.Refused($"the token is not good here: {reason}");

    private static FetchedKeys Fetch(JwtOptions options, SslClientAuthenticationOptions? trust, ILogger logger, TimeProvider time)
    {
        var fetch = new HttpFetch(new FetchableAddresses(options.PrivateAddresses), trust, time);
        var endpoint = new KeyEndpoint(options.Issuer!, options.JwksUri is { } address ? new Uri(address) : null, fetch);
        return new FetchedKeys(endpoint, options.Issuer!, options.Refresh, options.StaleFor, logger, time);
    }

    private static SslClientAuthenticationOptions Trust(string file)
    {
        try
        {
            return RpcTrust.InPemFile(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new StartupException($"{file}: {(exception is CryptographicException ? exception.Message.TrimEnd('.') : IoReason.OfReading(file, exception))} (setting auth.jwt caFile)", exception);
        }
    }

    /// <summary>Whose a token is that was found good, as long as it holds.</summary>
    private sealed record Known(Authentication Answer, DateTimeOffset Expires, JwtIssuer Issuer, JsonWebKeySet Keys)
    {
        public bool Holds(DateTimeOffset now) => now < Expires && ReferenceEquals(Issuer.Keys.Current, Keys);
    }
}
