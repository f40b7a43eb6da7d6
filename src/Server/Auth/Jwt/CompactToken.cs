using System.Text;
using System.Text.Json;

namespace RemoteExec.Server.Auth.Jwt;

/// <summary>A token as it is written (RFC 7515, compact): taken apart, and not believed.</summary>
internal sealed class CompactToken
{
    /// <summary>The longest token that is looked at, in characters.</summary>
    public const int MaxLength = 16 * 1024;

    private const int MaxHeaderLength = 4 * 1024;
    private const int MaxKeyIdLength = 256;

    private CompactToken(JwtAlgorithm algorithm, string? keyId, JsonElement payload, byte[] signed, byte[] signature) =>
        (Algorithm, KeyId, Payload, Signed, Signature) = (algorithm, keyId, payload, signed, signature);

    /// <summary>How it claims to be signed: one of those that are taken.</summary>
    public JwtAlgorithm Algorithm { get; }

    /// <summary>The name of the key; null if it names none.</summary>
    public string? KeyId { get; }

    /// <summary>What it says.</summary>
    public JsonElement Payload { get; }

    /// <summary>What is signed.</summary>
    public ReadOnlyMemory<byte> Signed { get; }

    /// <summary>The signature.</summary>
    public ReadOnlyMemory<byte> Signature { get; }

    /// <summary>True for what is meant as such a token, good or not: its first part begins as JSON objects do.</summary>
    public static bool IsMeant(string text) => text.StartsWith("ey", StringComparison.Ordinal) && text.Contains('.', StringComparison.Ordinal);

    /// <summary>Takes a token apart; null if it is none that is taken, and <paramref name="problem"/> says why, without quoting it.</summary>
    public static CompactToken? Parse(string text, out string problem)
    {
        if (text.Length > MaxLength)
            return Refuse($"it is longer than {MaxLength} characters", out problem);
        string[] parts = text.Split('.', 6);
        if (parts.Length == 5)
            return Refuse("it is encrypted (JWE): signed tokens (JWS) are taken", out problem);
        if (parts.Length != 3)
            return Refuse("it has not three parts", out problem);
        if (parts[0].Length > MaxHeaderLength)
            return Refuse($"its header is longer than {MaxHeaderLength} characters", out problem);
        if (parts[2].Length == 0)
            return Refuse("it is not signed", out problem);
        if (!StrictBase64Url.TryDecode(parts[0], out byte[]? header) || !StrictBase64Url.TryDecode(parts[1], out byte[]? payload) || !StrictBase64Url.TryDecode(parts[2], out byte[]? signature))
            return Refuse("a part of it is no base64url", out problem);
        if (StrictJson.ParseObject(header) is not { } head)
            return Refuse("its header is no JSON object, or has a member twice", out problem);
        if (ProblemOf(head) is { } bad)
            return Refuse(bad, out problem);
        if (JwtAlgorithm.Find(StrictJson.TextOf(head, "alg") ?? "") is not { } algorithm)
            return Refuse($"its alg is none of {string.Join(", ", JwtAlgorithm.Names)}", out problem);
        if (StrictJson.ParseObject(payload) is not { } claims)
            return Refuse("its claims are no JSON object, or have a member twice", out problem);
        problem = "";
        return new CompactToken(algorithm, StrictJson.TextOf(head, "kid"), claims, Encoding.ASCII.GetBytes(text[..^(parts[2].Length + 1)]), signature);
    }

    // Whatever else the header has is not looked at. Above all not jwk, jku, x5c and x5u, with which a token would bring its own key.
    private static string? ProblemOf(JsonElement header)
    {
        if (header.TryGetProperty("crit", out _) || header.TryGetProperty("b64", out _))
            return "its header has extensions that must be understood (crit, b64)";
        if (header.TryGetProperty("enc", out _) || header.TryGetProperty("zip", out _))
            return "its header is that of an encrypted token (enc, zip)";
        if (header.TryGetProperty("cty", out _))
            return "its header says that there is something else in it (cty)";
        if (header.TryGetProperty("typ", out _) && StrictJson.TextOf(header, "typ")?.ToUpperInvariant() is not ("JWT" or "AT+JWT" or "APPLICATION/AT+JWT"))
            return "its typ is neither JWT nor at+jwt";
        if (header.TryGetProperty("kid", out _) && StrictJson.TextOf(header, "kid") is not { Length: > 0 and <= MaxKeyIdLength })
            return $"its kid is no text of at most {MaxKeyIdLength} characters";
        return null;
    }

    private static CompactToken? Refuse(string reason, out string problem)
    {
        problem = reason;
        return null;
    }
}
