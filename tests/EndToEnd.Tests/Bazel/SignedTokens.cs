using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace RemoteExec.EndToEnd.Tests.Bazel;

/// <summary>Issues signed tokens, and has its key in a file.</summary>
internal sealed class SignedTokens : IDisposable
{
    private const string Issuer = "https://issuer.example";
    private readonly TemporaryDirectory directory = new();
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public SignedTokens()
    {
        ECPoint point = key.ExportParameters(includePrivateParameters: false).Q;
        File.WriteAllText(directory["keys.json"], $$"""{"keys":[{"kty":"EC","crv":"P-256","kid":"one","x":"{{Base64Url.EncodeToString(point.X!)}}","y":"{{Base64Url.EncodeToString(point.Y!)}}"}]}""");
    }

    /// <summary>Flags of a server that takes them: the group <c>build-*</c> develops, everybody else reads.</summary>
    public string[] ServerFlags =>
    [
        "--set",
        $"auth.jwt=[{{ issuer: \"{Issuer}\", audience: remoteexec, jwksFile: {directory["keys.json"]}, rules: [{{ claim: groups, value: \"build-*\", role: developer }}, {{ role: reader }}] }}]",
    ];

    /// <summary>Issues one to somebody in some groups, for an hour unless it is to end earlier.</summary>
    public string Issue(string name, TimeSpan? life = null, params string[] groups)
    {
        long end = (TimeProvider.System.GetUtcNow() + (life ?? TimeSpan.FromHours(1))).ToUnixTimeSeconds();
        string claims = JsonSerializer.Serialize(new Dictionary<string, object> { ["iss"] = Issuer, ["aud"] = "remoteexec", ["sub"] = name, ["groups"] = groups, ["exp"] = end });
        string signed = $"{Encode("""{"alg":"ES256","kid":"one"}""")}.{Encode(claims)}";
        return $"{signed}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256))}";
    }

    public void Dispose()
    {
        key.Dispose();
        directory.Dispose();
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
