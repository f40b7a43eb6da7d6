using System.Collections.Concurrent;
using System.Security.Cryptography;
using RemoteExec.Protocol.Access;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Auth.Tokens;

/// <summary>The tokens as the file has them at one time.</summary>
internal sealed class TokenTable
{
    private const int MaxVerified = 10_000;
    private readonly Dictionary<string, KnownToken> byId;

    // A header that was found good is found again without hashing it. The hash codes of strings are keyed, so that how long a look-up takes tells nothing of what is in here.
    private readonly ConcurrentDictionary<string, KnownToken> verified = new(StringComparer.Ordinal);

    private TokenTable(Dictionary<string, KnownToken> byId) => this.byId = byId;

    /// <summary>All of them.</summary>
    public IReadOnlyCollection<KnownToken> All => byId.Values;

    /// <summary>Reads a file's text.</summary>
    /// <exception cref="FormatException">A line of it is no token.</exception>
    public static TokenTable Parse(string text, Roles roles) => new(TokenLines.Parse(text).ToDictionary(entry => entry.Key, entry => new KnownToken(entry.Value, CallerOf(entry.Value, roles)), StringComparer.Ordinal));

    /// <summary>The token that an authorization header was found to have before; null if it was not.</summary>
    public KnownToken? FindVerified(string header) => verified.GetValueOrDefault(header);

    /// <summary>The token that this is; null if it is none. How long that takes does not tell how much of it was right.</summary>
    /// <param name="secret">What was shown.</param>
    /// <param name="header">The header in which it stood.</param>
    public KnownToken? Find(TokenSecret secret, string header)
    {
        if (!byId.TryGetValue(secret.Id, out KnownToken? known) || !CryptographicOperations.FixedTimeEquals(known.Hash, secret.Hash))
            return null;
        if (verified.Count >= MaxVerified) // the same token with ever other names of users
            verified.Clear();
        verified[header] = known;
        return known;
    }

    private static Caller? CallerOf(ApiToken token, Roles roles)
    {
        IReadOnlyList<InstanceScope> scopes = AuthOptions.ScopesOf(token.Instances);
        return scopes.Count == token.Instances.Count && roles.Find(token.Role, scopes) is { } grants ? new Caller(token.Name.Length > 0 ? token.Name : token.Id, "token", grants) : null;
    }
}
