using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace RemoteExec.Server.Tests.Auth.Jwt;

/// <summary>Issues tokens, good ones and whatever a test wants: headers, claims and signatures are taken as they are given.</summary>
internal sealed class TestIssuer : IDisposable
{
    public const string Name = "https://issuer.example";
    public const string Audience = "remoteexec";
    public static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero); // where a clock of tests begins

    private readonly Lazy<RSA> rsa = new(() => RSA.Create(2048));

    public RSA Rsa => rsa.Value;

    public ECDsa P256 { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public ECDsa P384 { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP384);

    public ECDsa P521 { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP521);

    /// <summary>The public keys, by the names rsa, p256, p384 and p521.</summary>
    public string Keys => KeySet(KeyOf(Rsa, "rsa"), KeyOf(P256, "p256"), KeyOf(P384, "p384"), KeyOf(P521, "p521"));

    public void Dispose()
    {
        if (rsa.IsValueCreated)
            Rsa.Dispose();
        P256.Dispose();
        P384.Dispose();
        P521.Dispose();
    }

    public static string KeySet(params IEnumerable<JsonObject> keys) => new JsonObject { ["keys"] = new JsonArray([.. keys.Select(key => key.DeepClone())]) }.ToJsonString();

    public static JsonObject KeyOf(RSA key, string? id)
    {
        RSAParameters parameters = key.ExportParameters(includePrivateParameters: false);
        return new JsonObject { ["kty"] = "RSA", ["use"] = "sig", ["kid"] = id, ["n"] = Encode(parameters.Modulus!), ["e"] = Encode(parameters.Exponent!) };
    }

    public static JsonObject KeyOf(ECDsa key, string? id)
    {
        ECParameters parameters = key.ExportParameters(includePrivateParameters: false);
        return new JsonObject { ["kty"] = "EC", ["crv"] = $"P-{key.KeySize}", ["kid"] = id, ["x"] = Encode(parameters.Q.X!), ["y"] = Encode(parameters.Q.Y!) };
    }

    /// <summary>Claims that are good, for an hour.</summary>
    public static JsonObject Claims(Action<JsonObject>? change = null)
    {
        var claims = new JsonObject
        {
            ["iss"] = Name,
            ["aud"] = Audience,
            ["sub"] = "ann",
            ["exp"] = Now.AddHours(1).ToUnixTimeSeconds(),
            ["iat"] = Now.ToUnixTimeSeconds(),
        };
        change?.Invoke(claims);
        return claims;
    }

    public static JsonObject Header(string algorithm, string? keyId, Action<JsonObject>? change = null)
    {
        var header = new JsonObject { ["alg"] = algorithm, ["typ"] = "JWT" };
        if (keyId is not null)
            header["kid"] = keyId;
        change?.Invoke(header);
        return header;
    }

    /// <summary>A good token, but for what is changed.</summary>
    public string Issue(string algorithm = "ES256", Action<JsonObject>? header = null, Action<JsonObject>? claims = null) =>
        Sign(Header(algorithm, KeyIdOf(algorithm), header).ToJsonString(), Claims(claims).ToJsonString(), algorithm);

    /// <summary>A token with this header and these claims, whatever they are, and a signature of this kind that is right.</summary>
    public string Sign(string header, string claims, string algorithm)
    {
        string signed = $"{Encode(header)}.{Encode(claims)}";
        return $"{signed}.{Encode(SignatureOf(Encoding.ASCII.GetBytes(signed), algorithm))}";
    }

    public byte[] SignatureOf(byte[] signed, string algorithm) => algorithm switch
    {
        "RS256" or "RS384" or "RS512" => Rsa.SignData(signed, HashOf(algorithm), RSASignaturePadding.Pkcs1),
        "PS256" or "PS384" or "PS512" => Rsa.SignData(signed, HashOf(algorithm), RSASignaturePadding.Pss),
        "ES256" => P256.SignData(signed, HashAlgorithmName.SHA256),
        "ES384" => P384.SignData(signed, HashAlgorithmName.SHA384),
        "ES512" => P521.SignData(signed, HashAlgorithmName.SHA512),
        _ => throw new ArgumentException(algorithm),
    };

    public static string Encode(string text) => Encode(Encoding.UTF8.GetBytes(text));

    public static string Encode(byte[] bytes) => Base64Url.EncodeToString(bytes);

    private static string KeyIdOf(string algorithm) => algorithm switch
    {
        "ES256" => "p256",
        "ES384" => "p384",
        "ES512" => "p521",
        _ => "rsa",
    };

    private static HashAlgorithmName HashOf(string algorithm) => new($"SHA{algorithm[2..]}");
}
