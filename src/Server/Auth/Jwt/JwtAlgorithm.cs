using System.Security.Cryptography;

namespace RemoteExec.Server.Auth.Jwt;

/// <summary>
/// A way to sign that is taken (RFC 7518). What is not in the table is not: <c>none</c>, and everything with HMAC, whose key the server would have to share with whoever signs. EdDSA is not,
/// as the framework does not have it.
/// </summary>
/// <param name="Name">Its name, as <c>alg</c> has it.</param>
/// <param name="Hash">What is signed: this hash.</param>
/// <param name="Padding">For RSA, the padding; null for elliptic curves.</param>
/// <param name="Curve">For elliptic curves, the only one that goes with it; null for RSA.</param>
internal sealed record JwtAlgorithm(string Name, HashAlgorithmName Hash, RSASignaturePadding? Padding, JwtCurve? Curve)
{
    private static readonly Dictionary<string, JwtAlgorithm> all = new JwtAlgorithm[]
    {
        new("RS256", HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1, null),
        new("RS384", HashAlgorithmName.SHA384, RSASignaturePadding.Pkcs1, null),
        new("RS512", HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1, null),
        new("PS256", HashAlgorithmName.SHA256, RSASignaturePadding.Pss, null),
        new("PS384", HashAlgorithmName.SHA384, RSASignaturePadding.Pss, null),
        new("PS512", HashAlgorithmName.SHA512, RSASignaturePadding.Pss, null),
        new("ES256", HashAlgorithmName.SHA256, null, JwtCurve.P256),
        new("ES384", HashAlgorithmName.SHA384, null, JwtCurve.P384),
        new("ES512", HashAlgorithmName.SHA512, null, JwtCurve.P521),
    }.ToDictionary(algorithm => algorithm.Name, StringComparer.Ordinal);

    /// <summary>The names of all.</summary>
    public static IReadOnlyCollection<string> Names => all.Keys;

    /// <summary>The one with a name, letter by letter; null if it is not taken.</summary>
    public static JwtAlgorithm? Find(string name) => all.GetValueOrDefault(name);
}
