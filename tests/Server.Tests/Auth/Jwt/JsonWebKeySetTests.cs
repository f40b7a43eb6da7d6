using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using RemoteExec.Server.Auth.Jwt;

namespace RemoteExec.Server.Tests.Auth.Jwt;

public sealed class JsonWebKeySetTests
{
    private static readonly JwtAlgorithm es256 = JwtAlgorithm.Find("ES256")!, rs256 = JwtAlgorithm.Find("RS256")!;
    private static readonly TestIssuer issuer = new(); // keys of RSA take long to make

    private static JsonWebKeySet Parse(params IEnumerable<JsonObject> keys) => JsonWebKeySet.Parse(Encoding.UTF8.GetBytes(TestIssuer.KeySet(keys)));

    private static string ProblemOf(JsonObject key) => Assert.Throws<FormatException>(() => Parse(key)).Message;

    [Fact]
    public void Keys_are_found_by_name_and_by_what_they_are_for()
    {
        JsonWebKeySet keys = JsonWebKeySet.Parse(Encoding.UTF8.GetBytes(issuer.Keys));

        Assert.Equal(4, keys.Count);
        Assert.Equal("p256", Assert.Single(keys.Find("p256", es256)).Id);
        Assert.Equal("p256", Assert.Single(keys.Find(null, es256)).Id);
        Assert.Equal("rsa", Assert.Single(keys.Find("rsa", JwtAlgorithm.Find("PS512")!)).Id);
        Assert.Empty(keys.Find("p256", rs256));
        Assert.Empty(keys.Find("P256", es256));
        Assert.True(keys.Knows("p256"));
        Assert.False(keys.Knows("other"));
    }

    [Fact]
    public void A_key_that_says_what_it_is_for_is_for_nothing_else()
    {
        JsonObject rsa = TestIssuer.KeyOf(issuer.Rsa, "rsa");
        rsa["alg"] = "PS256";
        JsonWebKeySet keys = Parse(rsa);

        Assert.Single(keys.Find("rsa", JwtAlgorithm.Find("PS256")!));
        Assert.Empty(keys.Find("rsa", rs256));
        Assert.Empty(keys.Find("rsa", JwtAlgorithm.Find("PS384")!));
    }

    [Fact]
    public void What_can_t_be_used_is_passed_over_beside_what_can()
    {
        JsonWebKeySet keys = Parse(
            new JsonObject { ["kty"] = "OKP", ["crv"] = "Ed25519", ["x"] = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" },
            new JsonObject { ["kty"] = "oct", ["k"] = "c2VjcmV0" },
            TestIssuer.KeyOf(issuer.P256, null));

        Assert.Equal(1, keys.Count);
        Assert.Single(keys.Find(null, es256));
        Assert.Empty(keys.Find("any", es256)); // one that has no name is not the one that is named
    }

    [Theory]
    [InlineData("use", "enc", "its use is not sig")]
    [InlineData("use", 1, "its use is not sig")]
    [InlineData("alg", "HS256", "its alg is none of RS256")]
    [InlineData("alg", "RSA-OAEP", "its alg is none of RS256")]
    [InlineData("kty", "rsa", "its kty is neither RSA nor EC")]
    [InlineData("kty", null, "its kty is neither RSA nor EC")]
    [InlineData("n", null, "n or e is missing")]
    [InlineData("n", "====", "n or e is missing")]
    [InlineData("e", "AQ", "its exponent is 1, even, or too long")] // every text would be its own signature
    [InlineData("e", "AA", "its exponent is 1, even, or too long")]
    [InlineData("e", "Ag", "its exponent is 1, even, or too long")]
    [InlineData("e", "AQAAAAE", "its exponent is 1, even, or too long")] // as slow as somebody wants
    [InlineData("n", "3q2-7w", "its modulus has 32 bits")]
    public void A_bad_key_of_RSA_is_none(string member, object? value, string reason)
    {
        JsonObject key = TestIssuer.KeyOf(issuer.Rsa, "rsa");
        key[member] = value is null ? null : JsonValue.Create(value);

        Assert.Contains(reason, ProblemOf(key), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1024)]
    [InlineData(2040)]
    public void A_weak_key_of_RSA_is_none(int bits)
    {
        using var weak = RSA.Create(bits);

        Assert.Contains($"its modulus has {bits} bits", ProblemOf(TestIssuer.KeyOf(weak, "weak")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_huge_key_of_RSA_is_none()
    {
        JsonObject key = TestIssuer.KeyOf(issuer.Rsa, "rsa");
        key["n"] = TestIssuer.Encode([.. Enumerable.Repeat((byte)0xff, 1025)]);

        Assert.Contains("its modulus has 8200 bits", ProblemOf(key), StringComparison.Ordinal);
    }

    [Fact]
    public void A_modulus_may_have_a_zero_before_it()
    {
        JsonObject key = TestIssuer.KeyOf(issuer.Rsa, "rsa");
        key["n"] = TestIssuer.Encode([0, .. issuer.Rsa.ExportParameters(false).Modulus!]);
        byte[] text = [1, 2, 3];

        Assert.True(Parse(key).Find("rsa", rs256)[0].Verifies(rs256, text, issuer.SignatureOf(text, "RS256")));
    }

    [Theory]
    [InlineData("crv", "P-257", "its crv is none of")]
    [InlineData("crv", "p-256", "its crv is none of")]
    [InlineData("crv", "secp256k1", "its crv is none of")]
    [InlineData("crv", "P-384", "x or y is missing, or not 48 bytes long")]
    [InlineData("x", null, "x or y is missing")]
    [InlineData("y", "AQ", "x or y is missing, or not 32 bytes long")]
    [InlineData("y", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "it is no key")] // a point that is not on the curve
    public void A_bad_key_of_an_elliptic_curve_is_none(string member, string? value, string reason)
    {
        JsonObject key = TestIssuer.KeyOf(issuer.P256, "p256");
        key[member] = value;

        Assert.Contains(reason, ProblemOf(key), StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_for_other_operations_is_none()
    {
        JsonObject key = TestIssuer.KeyOf(issuer.P256, "p256");
        key["key_ops"] = new JsonArray("encrypt");
        Assert.Contains("its key_ops do not have verify", ProblemOf(key), StringComparison.Ordinal);

        key["key_ops"] = new JsonArray("verify");
        Assert.Equal(1, Parse(key).Count);
    }

    [Fact]
    public void There_are_not_any_number_of_them()
    {
        JsonObject[] keys = [.. Enumerable.Range(0, 101).Select(i => TestIssuer.KeyOf(issuer.P256, $"{i}"))];

        Assert.Contains("it has 101 keys: 100 are the most", Assert.Throws<FormatException>(() => Parse(keys)).Message, StringComparison.Ordinal);
        Assert.Equal(100, Parse(keys[..100]).Count);
    }
}
