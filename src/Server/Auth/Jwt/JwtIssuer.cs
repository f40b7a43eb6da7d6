using System.Text.Json;

namespace RemoteExec.Server.Auth.Jwt;

/// <summary>Somebody whose tokens are taken, and what they must say.</summary>
/// <param name="name">What <c>iss</c> is, letter by letter.</param>
/// <param name="audiences">One of them <c>aud</c> has to name.</param>
/// <param name="skew">How much clocks may differ.</param>
/// <param name="keys">Its keys; this object's from now on.</param>
/// <param name="time">The clock.</param>
internal sealed class JwtIssuer(string name, IReadOnlyCollection<string> audiences, TimeSpan skew, IKeySource keys, TimeProvider time) : IAsyncDisposable
{
    private const double LastSecond = 253_402_214_399; // of the last day but one that the framework knows: the skew is added to it

    /// <summary>What <c>iss</c> is.</summary>
    public string Name { get; } = name;

    /// <summary>Its keys.</summary>
    public IKeySource Keys { get; } = keys;

    /// <summary>Judges a token that says that it is of this issuer.</summary>
    public async ValueTask<JwtVerdict> JudgeAsync(CompactToken token, CancellationToken cancellationToken)
    {
        JsonWebKeySet? known = Keys.Current;
        if (known is null || !known.Knows(token.KeyId))
            known = await Keys.LookAgainAsync(cancellationToken);
        if (known is null)
            return new JwtVerdict.Bad("the keys of its issuer can't be had now: the server's log says why"); // which is not for strangers, as it has addresses
        if (!known.Knows(token.KeyId))
            return new JwtVerdict.Bad("its issuer has no key of that name (kid)");
        IReadOnlyList<JsonWebKey> fitting = known.Find(token.KeyId, token.Algorithm);
        if (fitting.Count == 0)
            return new JwtVerdict.Bad(token.KeyId is null ? "it names no key (kid), and its issuer has not exactly one for its alg" : "its key is not for its alg");
        if (!fitting.Any(key => key.Verifies(token.Algorithm, token.Signed.Span, token.Signature.Span)))
            return new JwtVerdict.Bad("its signature is wrong");
        return FindProblem(token.Payload, out DateTimeOffset expires) is { } problem
            ? new JwtVerdict.Bad(problem)
            : new JwtVerdict.Good(this, new JwtClaims(token.Payload), expires + skew, known);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Keys.DisposeAsync();

    private string? FindProblem(JsonElement claims, out DateTimeOffset expires)
    {
        expires = default;
        if (!claims.TryGetProperty("aud", out JsonElement audience) || !Names(audience))
            return "it is for somebody else (aud)";
        if (!claims.TryGetProperty("exp", out JsonElement end))
            return "it does not say when it ends (exp)";
        if (!TryReadDate(end, out expires))
            return "its exp is no date";
        DateTimeOffset now = time.GetUtcNow();
        if (now >= expires + skew)
            return "it has expired";
        foreach (string begin in (string[])["nbf", "iat"])
        {
            if (!claims.TryGetProperty(begin, out JsonElement value))
                continue;
            if (!TryReadDate(value, out DateTimeOffset begins))
                return $"its {begin} is no date";
            if (begins > now + skew)
                return $"it is not good yet ({begin})";
        }

        return null;
    }

    private bool Names(JsonElement audience) => audience.ValueKind switch
    {
        JsonValueKind.String => audiences.Contains(audience.GetString()!),
        JsonValueKind.Array => audience.EnumerateArray().All(one => one.ValueKind == JsonValueKind.String) && audience.EnumerateArray().Any(Names),
        _ => false,
    };

    private static bool TryReadDate(JsonElement value, out DateTimeOffset date)
    {
        date = default;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out double seconds) || !(seconds >= 0 && seconds <= LastSecond))
            return false;
        date = DateTimeOffset.UnixEpoch.AddSeconds(seconds);
        return true;
    }
}
