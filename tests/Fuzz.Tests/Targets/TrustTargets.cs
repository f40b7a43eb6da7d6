using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Execution.Provenance;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Protocol.Provenances;
using RemoteExec.Server.Auth.Jwt;
using RemoteExec.Server.Auth.Leases;
using RemoteExec.TestKit;

namespace RemoteExec.Fuzz.Tests.Targets;

/// <summary>What strangers show to be believed.</summary>
internal static class TrustTargets
{
    private const string Header = """{"alg":"ES256","kid":"one","typ":"JWT"}""";
    private const string Claims = """{"iss":"https://issuer.example","aud":["a","b"],"sub":"ann","exp":1767229200,"groups":["x"],"deep":{"er":[1,true,null]}}""";
    private static readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private static readonly ProvenanceVerifier verifier = ProvenanceVerifier.Parse(key.ExportSubjectPublicKeyInfoPem());
    private static readonly LeaseKeys leaseKeys = LeaseKeys.Parse(LeaseKeys.NewLine());
    private static readonly string lease = leaseKeys.Sign(new LeaseGrant(InstanceName.Parse("a/b"), LeaseGrant.Most, "17", "worker 7", DateTimeOffset.UnixEpoch.AddDays(20_000)));
    private static readonly TestBlob action = TestBlob.Random(1, 142);

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        FuzzTargets.OfText("jwt", text =>
        {
            if (CompactToken.Parse(text, out string problem) is not { } token)
                Assert.NotEmpty(problem);
            else
                Assert.All((string[])["sub", "groups", "deep.er", "a.b"], name => Assert.NotNull(new JwtClaims(token.Payload).ValuesOf(name)));
        }, $"{Encode(Header)}.{Encode(Claims)}.{Base64Url.EncodeToString(new byte[64])}", "a.b.c"),
        FuzzTargets.OfText("lease-token", text =>
        {
            if (leaseKeys.Verify(text, out string problem) is null)
                Assert.NotEmpty(problem);
            else
                Assert.Equal(lease, text);
        }, lease),
        new("jwt-claims", [FuzzTargets.Text(Claims), FuzzTargets.Text("""{"a\u0062":"\ud83d\ude00"}""")], bytes => StrictJson.ParseObject(bytes)),
        new("jwks", [FuzzTargets.Text("""{"keys":[{"kty":"EC","crv":"P-256","kid":"one","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},{"kty":"RSA","n":"AQAB","e":"AQAB"}]}""")],
            bytes => Assert.InRange(JsonWebKeySet.Parse(bytes).Count, 1, 100), typeof(FormatException)),
        new("provenance", [Signed()], bytes =>
        {
            if (FuzzTargets.Message(Reapi.ActionResult.Parser, bytes) is { } result)
                Assert.True(verifier.Verify(result, action.Digest) is ProvenanceVerdict.Bad or ProvenanceVerdict.Unsigned, "nobody has signed that");
        }),
    ];

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    // By another key.
    private static byte[] Signed()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        ByteString statement = new Statement { Action = action.Digest.ToProto(), Worker = "worker-1" }.ToByteString();
        var provenance = new Provenance { Statement = statement, Signature = ByteString.CopyFrom(other.SignData(statement.Span, HashAlgorithmName.SHA256)), Key = "abc" };
        return new Reapi.ActionResult { ExitCode = 1, ExecutionMetadata = new Reapi.ExecutedActionMetadata { Worker = "worker-1", AuxiliaryMetadata = { Any.Pack(provenance) } } }.ToByteArray();
    }
}
