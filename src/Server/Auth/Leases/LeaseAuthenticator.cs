using System.Collections.Concurrent;
using RemoteExec.Protocol.Access;

namespace RemoteExec.Server.Auth.Leases;

/// <summary>
/// Knows workers by the lease tokens that a scheduler gave them with their actions: who shows one may do what the lease covers. What was found good is remembered, as the header that it stood in, until the keys change.
/// </summary>
/// <param name="keys">Asked for the keys as they are now.</param>
/// <param name="time">The clock.</param>
internal sealed class LeaseAuthenticator(Func<LeaseKeys> keys, TimeProvider time) : IAuthenticator
{
    private const int MaxVerified = 10_000;

    // The hash codes of strings are keyed, so that how long a look-up takes tells nothing of what is in here.
    private readonly ConcurrentDictionary<string, Known> verified = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string Kind => "a lease token (Authorization: Bearer)";

    /// <inheritdoc/>
    public ValueTask<Authentication> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken) => ValueTask.FromResult(Authenticate(credentials.Authorization));

    /// <summary>Looks at the value of an authorization header.</summary>
    public Authentication Authenticate(string? header)
    {
        if (!LeaseGrant.IsShownIn(header))
            return Authentication.NotMine;
        LeaseKeys current = keys();
        if (!verified.TryGetValue(header!, out Known? known) || !ReferenceEquals(known.Keys, current))
        {
            if (current.Verify(BearerTokens.Of(header)!, out string problem) is not { } grant)
                return Authentication.Refused(problem);
            known = new Known(Authentication.Of(grant.ToCaller()), grant.Expires, current);
            if (known.Expires > time.GetUtcNow())
                Remember(header!, known);
        }

        return time.GetUtcNow() < known.Expires
            ? known.Answer
            : Authentication.Refused("the lease token has expired: a worker gets a new one with each answer to what it posts of its action");
    }

    private void Remember(string header, Known known)
    {
        if (verified.Count >= MaxVerified) // they end within minutes, so most of these have
            verified.Clear();
        verified[header] = known;
    }

    private sealed record Known(Authentication Answer, DateTimeOffset Expires, LeaseKeys Keys);
}
