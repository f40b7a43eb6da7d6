using System.Numerics;
using System.Security.Cryptography;
using System.Text.Json;

namespace RemoteExec.Server.Auth.Jwt;

/// <summary>A public key that an issuer has published (RFC 7517), and what it may be used for. Thread-safe.</summary>
internal sealed class JsonWebKey
{
    private const int ShortestModulusBits = 2048;
    private const int LongestModulusBits = 8192;
    private const int LongestExponentBytes = 4;
    private readonly RSAParameters rsa;
    private readonly ECParameters point;
    private readonly JwtCurve? curve; // of an elliptic key; null for RSA
    private readonly string? algorithm; // the only one, if the issuer says so

    private JsonWebKey(JsonElement element, RSAParameters rsa) => (Id, algorithm, this.rsa) = (StrictJson.TextOf(element, "kid"), StrictJson.TextOf(element, "alg"), rsa);

    private JsonWebKey(JsonElement element, JwtCurve curve, ECParameters point) =>
        (Id, algorithm, this.curve, this.point) = (StrictJson.TextOf(element, "kid"), StrictJson.TextOf(element, "alg"), curve, point);

    /// <summary>Its name, <c>kid</c>; null if it has none.</summary>
    public string? Id { get; }

    /// <summary>Reads a key; null if it is of no use here, and <paramref name="problem"/> says why.</summary>
    public static JsonWebKey? Parse(JsonElement element, out string problem)
    {
        problem = "";
        if (element.ValueKind != JsonValueKind.Object)
            problem = "it is no object";
        else if (element.TryGetProperty("use", out _) && StrictJson.TextOf(element, "use") != "sig")
            problem = "its use is not sig";
        else if (element.TryGetProperty("key_ops", out JsonElement operations) && !AllowsVerifying(operations))
            problem = "its key_ops do not have verify";
        else if (element.TryGetProperty("alg", out _) && JwtAlgorithm.Find(StrictJson.TextOf(element, "alg") ?? "") is null)
            problem = $"its alg is none of {string.Join(", ", JwtAlgorithm.Names)}";
        if (problem.Length > 0)
            return null;
        return StrictJson.TextOf(element, "kty") switch
        {
            "RSA" => ParseRsa(element, out problem),
            "EC" => ParseElliptic(element, out problem),
            _ => Refuse("its kty is neither RSA nor EC", out problem),
        };
    }

    /// <summary>True if signatures of this kind can be of this key. The key decides, not the token.</summary>
    public bool Fits(JwtAlgorithm wanted) => wanted.Curve == curve && (algorithm is null || algorithm == wanted.Name);

    /// <summary>True if the signature is this key's. The algorithm has to fit.</summary>
    public bool Verifies(JwtAlgorithm wanted, ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature)
    {
        if (!Fits(wanted))
            return false;
        try
        {
            // Made anew each time: the framework does not promise that a key may be used by several threads, and what was verified is remembered.
            if (curve is not null)
            {
                if (signature.Length != curve.Bytes * 2)
                    return false;
                using var key = ECDsa.Create(point);
                return key.VerifyData(signed, signature, wanted.Hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
            }

            if (signature.Length != rsa.Modulus!.Length)
                return false;
            using var modulus = RSA.Create(rsa);
            return modulus.VerifyData(signed, signature, wanted.Hash, wanted.Padding!);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static JsonWebKey? ParseRsa(JsonElement element, out string problem)
    {
        if (NumberOf(element, "n") is not { } modulus || NumberOf(element, "e") is not { } exponent)
            return Refuse("n or e is missing, or no base64url", out problem);
        long bits = (long)new BigInteger(modulus, isUnsigned: true, isBigEndian: true).GetBitLength();
        if (bits is < ShortestModulusBits or > LongestModulusBits)
            return Refuse($"its modulus has {bits} bits: from {ShortestModulusBits} to {LongestModulusBits} are taken", out problem);
        if (exponent.Length is 0 or > LongestExponentBytes || (exponent[^1] & 1) == 0 || exponent is [1])
            return Refuse("its exponent is 1, even, or too long", out problem);
        var parameters = new RSAParameters { Modulus = modulus, Exponent = exponent };
        using var rsa = RSA.Create();
        return Accept(() => rsa.ImportParameters(parameters), out problem) ? new JsonWebKey(element, parameters) : null;
    }

    private static JsonWebKey? ParseElliptic(JsonElement element, out string problem)
    {
        if (JwtCurve.Find(StrictJson.TextOf(element, "crv")) is not { } curve)
            return Refuse("its crv is none of P-256, P-384, P-521", out problem);
        if (BytesOf(element, "x") is not { } x || BytesOf(element, "y") is not { } y || x.Length != curve.Bytes || y.Length != curve.Bytes)
            return Refuse($"x or y is missing, or not {curve.Bytes} bytes long", out problem);
        var parameters = new ECParameters { Curve = curve.Curve, Q = new ECPoint { X = x, Y = y } };
        using var key = ECDsa.Create();
        return Accept(() => key.ImportParameters(parameters), out problem) ? new JsonWebKey(element, curve, parameters) : null; // which finds points that are not on the curve
    }

    private static bool Accept(System.Action import, out string problem)
    {
        try
        {
            import();
            problem = "";
            return true;
        }
        catch (CryptographicException)
        {
            problem = "it is no key";
            return false;
        }
    }

    private static JsonWebKey? Refuse(string reason, out string problem)
    {
        problem = reason;
        return null;
    }

    private static bool AllowsVerifying(JsonElement operations) =>
        operations.ValueKind == JsonValueKind.Array && operations.EnumerateArray().Any(operation => operation.ValueKind == JsonValueKind.String && operation.ValueEquals("verify"));

    // Some write a zero before it, as ASN.1 does.
    private static byte[]? NumberOf(JsonElement element, string name) => BytesOf(element, name) is { } bytes ? [.. bytes.SkipWhile(one => one == 0)] : null;

    private static byte[]? BytesOf(JsonElement element, string name) =>
        StrictJson.TextOf(element, name) is { } text && StrictBase64Url.TryDecode(text, out byte[]? bytes) ? bytes : null;
}
