using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using RemoteExec.Server.Auth.Jwt;

namespace RemoteExec.Server.Tests.Auth.Jwt;

/// <summary>What is known to have been tried against those who take tokens.</summary>
public sealed class JwtAttackTests : IAsyncDisposable
{
    private const string UnknownAlgorithm = "its alg is none of RS256";
    private const string NoObject = "no JSON object, or ha";
    private static readonly string good = TestIssuer.Claims().ToJsonString();

    private static readonly Attack[] attacks =
    [
        // Whose signature?
        new("alg none", "RFC 7519 knows unsigned tokens", (_, _) => $"{Plain("none")}.{TestIssuer.Encode(good)}.", "it is not signed"),
        new("alg None", "a list of what is forbidden would be got round by writing it otherwise", (_, _) => $"{Plain("None")}.{TestIssuer.Encode(good)}.AAAA", UnknownAlgorithm),
        new("alg none with a signature", "a signature that nobody looks at", (issuer, _) => Resign(issuer, Plain("none")), UnknownAlgorithm),
        new("no alg", "nobody guesses", (issuer, _) => issuer.Sign("""{"kid":"p256"}""", good, "ES256"), UnknownAlgorithm),
        new("alg is null", "the same", (issuer, _) => issuer.Sign("""{"alg":null,"kid":"p256"}""", good, "ES256"), UnknownAlgorithm),
        new("alg is a list", "one of it might be taken", (issuer, _) => issuer.Sign("""{"alg":["ES256"],"kid":"p256"}""", good, "ES256"), UnknownAlgorithm),
        new("alg in lower case", "names are compared letter by letter", (issuer, _) => issuer.Sign(PlainHeader("es256"), good, "ES256"), UnknownAlgorithm),
        new("alg with a blank", "the same", (issuer, _) => issuer.Sign(PlainHeader("ES256 "), good, "ES256"), UnknownAlgorithm),
        new("alg with letters that look alike", "the same: this E is Greek", (issuer, _) => issuer.Sign(PlainHeader("\u0395S256"), good, "ES256"), UnknownAlgorithm),
        new("RS to HS, key as PEM", "the public key would be the secret", (issuer, _) => Hmac("rsa", Encoding.UTF8.GetBytes(issuer.Rsa.ExportSubjectPublicKeyInfoPem())), UnknownAlgorithm),
        new("RS to HS, key as DER", "the same", (issuer, _) => Hmac("rsa", issuer.Rsa.ExportSubjectPublicKeyInfo()), UnknownAlgorithm),
        new("RS to HS, key as modulus", "the same", (issuer, _) => Hmac("rsa", issuer.Rsa.ExportParameters(false).Modulus!), UnknownAlgorithm),
        new("HS with an empty key", "what an unknown kid may lead to", (_, _) => Hmac("../../dev/null", []), UnknownAlgorithm),
        new("EdDSA", "the framework does not have it", (issuer, _) => issuer.Sign("""{"alg":"EdDSA","kid":"p256"}""", good, "ES256"), UnknownAlgorithm),
        new("ES256 with a key of RSA", "the key decides what it is for", (issuer, _) => issuer.Sign("""{"alg":"ES256","kid":"rsa"}""", good, "RS256"), "its key is not for its alg"),
        new("RS256 with a key of EC", "the same", (issuer, _) => issuer.Sign("""{"alg":"RS256","kid":"p256"}""", good, "ES256"), "its key is not for its alg"),
        new("ES256 with a key on another curve", "each algorithm has its curve", (issuer, _) => issuer.Sign("""{"alg":"ES256","kid":"p384"}""", good, "ES384"), "its key is not for its alg"),
        new("PS256 that is RS256", "paddings are not exchangeable", (issuer, _) => issuer.Sign("""{"alg":"PS256","kid":"rsa"}""", good, "RS256"), "its signature is wrong"),
        new("RS256 that is RS512", "nor are hashes", (issuer, _) => issuer.Sign("""{"alg":"RS256","kid":"rsa"}""", good, "RS512"), "its signature is wrong"),
        new("signed by a stranger", "anybody has a key", (_, stranger) => stranger.Issue(), "its signature is wrong"),
        new("signed by a stranger, RSA", "the same", (_, stranger) => stranger.Issue("RS256"), "its signature is wrong"),
        new("key brought along", "jwk in the header is the attacker's", (_, stranger) => stranger.Issue(header: header => header["jwk"] = TestIssuer.KeyOf(stranger.P256, "p256")), "its signature is wrong"),
        new("key brought along, its kid too", "nor is it looked up there", (_, stranger) => stranger.Issue(header: header => (header["jwk"], header["kid"]) = (TestIssuer.KeyOf(stranger.P256, "mine"), "mine")), "no key of that name"),
        new("key behind a URL", "jku would have the server fetch the attacker's keys", (_, stranger) => stranger.Issue(header: header => header["jku"] = "https://attacker.example/keys"), "its signature is wrong"),
        new("certificate behind a URL", "x5u as well", (_, stranger) => stranger.Issue(header: header => header["x5u"] = "https://attacker.example/cert"), "its signature is wrong"),
        new("certificate brought along", "x5c is the attacker's", (_, stranger) => stranger.Issue(header: header => header["x5c"] = new JsonArray("MIIB")), "its signature is wrong"),
        new("kid of a path", "a kid is a name, and no file", (issuer, _) => issuer.Issue(header: header => header["kid"] = "../../../dev/null"), "no key of that name"),
        new("kid of SQL", "nor a query", (issuer, _) => issuer.Issue(header: header => header["kid"] = "x' UNION SELECT 'key' --"), "no key of that name"),
        new("kid of a command", "nor a command", (issuer, _) => issuer.Issue(header: header => header["kid"] = "p256; curl attacker.example"), "no key of that name"),
        new("kid of a URL", "nor an address", (issuer, _) => issuer.Issue(header: header => header["kid"] = "https://attacker.example/key"), "no key of that name"),
        new("kid in another case", "names are compared letter by letter", (issuer, _) => issuer.Issue(header: header => header["kid"] = "P256"), "no key of that name"),
        new("kid with a NUL", "C would end there", (issuer, _) => issuer.Issue(header: header => header["kid"] = "p256\0x"), "no key of that name"),
        new("kid that is a number", "a kid is text", (issuer, _) => issuer.Issue(header: header => header["kid"] = 1), "its kid is no text"),
        new("kid that is empty", "the same", (issuer, _) => issuer.Issue(header: header => header["kid"] = ""), "its kid is no text"),
        new("kid that is long", "it is looked for", (issuer, _) => issuer.Issue(header: header => header["kid"] = new string('k', 257)), "its kid is no text"),

        // Signatures
        new("no signature", "the name of the algorithm is there", (issuer, _) => issuer.Issue()[..^86], "it is not signed"),
        new("r = s = 0", "CVE-2022-21449: anything verifies where nobody looks", (issuer, _) => WithSignature(issuer.Issue(), new byte[64]), "its signature is wrong"),
        new("r = 0", "the same", (issuer, _) => WithSignature(issuer.Issue(), [.. new byte[32], .. SignatureOf(issuer.Issue())[32..]]), "its signature is wrong"),
        new("s = 0", "the same", (issuer, _) => WithSignature(issuer.Issue(), [.. SignatureOf(issuer.Issue())[..32], .. new byte[32]]), "its signature is wrong"),
        new("r = s = n", "nought as well, modulo the order", (issuer, _) => WithSignature(issuer.Issue(), [.. Order, .. Order]), "its signature is wrong"),
        new("r = s = 1", "numbers that are easy to find", (issuer, _) => WithSignature(issuer.Issue(), [.. new byte[31], 1, .. new byte[31], 1]), "its signature is wrong"),
        new("all ones", "beyond the order", (issuer, _) => WithSignature(issuer.Issue(), [.. Enumerable.Repeat((byte)0xff, 64)]), "its signature is wrong"),
        new("signature as DER", "one writing only: RFC 7518 has r and s side by side", (issuer, _) => Der(issuer), "its signature is wrong"),
        new("signature too long", "the same", (issuer, _) => WithSignature(issuer.Issue(), [.. SignatureOf(issuer.Issue()), 0]), "its signature is wrong"),
        new("signature with zeros before", "the same", (issuer, _) => issuer.Issue() is var token ? WithSignature(token, [0, .. SignatureOf(token)[..32], 0, .. SignatureOf(token)[32..]]) : "", "its signature is wrong"),
        new("signature too short", "the same", (issuer, _) => issuer.Issue() is var token ? WithSignature(token, SignatureOf(token)[..^1]) : "", "its signature is wrong"),
        new("signature of RSA that is zero", "0 to the power of e is 0", (issuer, _) => WithSignature(issuer.Issue("RS256"), new byte[256]), "its signature is wrong"),
        new("signature of RSA that is one", "and 1 is 1", (issuer, _) => WithSignature(issuer.Issue("RS256"), [.. new byte[255], 1]), "its signature is wrong"),
        new("signature of RSA with zeros before", "the same number, written otherwise", (issuer, _) => issuer.Issue("RS256") is var token ? WithSignature(token, [0, .. SignatureOf(token)]) : "", "its signature is wrong"),
        new("signature of another token", "it covers all of it", (issuer, _) => WithSignature(issuer.Issue(), SignatureOf(issuer.Issue(claims: claims => claims["sub"] = "bob"))), "its signature is wrong"),
        new("claims of another token", "the same", (issuer, _) => string.Join('.', issuer.Issue().Split('.') is var parts ? [parts[0], TestIssuer.Encode(TestIssuer.Claims(claims => claims["sub"] = "admin").ToJsonString()), parts[2]] : []), "its signature is wrong"),

        // The writing
        new("empty", "nothing is no token", (_, _) => "", "it has not three parts"),
        new("dots", "three parts of nothing", (_, _) => "..", "it is not signed"),
        new("two parts", "parts left out", (issuer, _) => issuer.Issue() is var token ? token[..token.LastIndexOf('.')] : "", "it has not three parts"),
        new("four parts", "parts added", (issuer, _) => issuer.Issue() + ".AAAA", "it has not three parts"),
        new("JWE", "five parts are encrypted, perhaps with the public key that everybody has", (issuer, _) => issuer.Issue() + ".AAAA.AAAA", "it is encrypted"),
        new("JWE in three parts", "the header of one", (issuer, _) => issuer.Sign("""{"alg":"RSA-OAEP","enc":"A256GCM"}""", good, "ES256"), "encrypted token"),
        new("six parts", "what is cut off is not read either", (issuer, _) => issuer.Issue() + ".a.b.c", "it has not three parts"),
        new("JSON writing", "the other writing of RFC 7515 may have several signatures", (issuer, _) => issuer.Issue().Split('.') is var parts ? $$"""{"protected":"{{parts[0]}}","payload":"{{parts[1]}}","signature":"{{parts[2]}}"}""" : "", "it has not three parts"),
        new("padding", "one writing only", (issuer, _) => issuer.Issue() + "==", "a part of it is no base64url"),
        new("padding inside", "the same", (issuer, _) => issuer.Issue().Replace(".", "=.", StringComparison.Ordinal), "a part of it is no base64url"),
        new("base64 of the other kind", "the same", (issuer, _) => WithSignature(issuer.Issue(), "ab+/"), "a part of it is no base64url"),
        new("bits left over", "the last character of 64 bytes has four bits that say nothing", (issuer, _) => LeftOver(issuer.Issue()), "a part of it is no base64url"),
        new("one character too many", "5 characters are no bytes", (issuer, _) => WithSignature(issuer.Issue(), "AAAAA"), "a part of it is no base64url"),
        new("blank before", "who strips blanks, and who does not?", (issuer, _) => " " + issuer.Issue(), "a part of it is no base64url"),
        new("line end after", "the same", (issuer, _) => issuer.Issue() + "\n", "a part of it is no base64url"),
        new("text after", "the same", (issuer, _) => issuer.Issue() + " and more", "a part of it is no base64url"),
        new("letters beyond ASCII", "the same: this . is a full-width one, and so is the A", (issuer, _) => issuer.Issue() + "\uff21", "a part of it is no base64url"),
        new("full-width dots", "no normalization", (issuer, _) => issuer.Issue().Replace('.', '\uff0e'), "it has not three parts"),
        new("too long", "size is bounded before anything is read", (issuer, _) => issuer.Issue(claims: claims => claims["x"] = new string('x', 20_000)), "it is longer than"),
        new("header too long", "the same", (issuer, _) => issuer.Issue(header: header => header["x"] = new string('x', 4_000)), "its header is longer than"),
        new("deep", "the stack is finite", (issuer, _) => issuer.Sign(TestIssuer.Header("ES256", "p256").ToJsonString(), $$"""{"x":{{new string('[', 1000)}}{{new string(']', 1000)}}}""", "ES256"), NoObject),

        // JSON
        new("alg twice", "who takes the first, and who the last?", (issuer, _) => issuer.Sign("""{"alg":"none","alg":"ES256","kid":"p256"}""", good, "ES256"), NoObject),
        new("alg twice, once with an escape", "\\u0061lg is alg", (issuer, _) => issuer.Sign("""{"alg":"ES256","\u0061lg":"none","kid":"p256"}""", good, "ES256"), NoObject),
        new("sub twice", "the same", (issuer, _) => WithClaims(issuer, $$"""{"sub":"admin",{{good[1..]}}"""), NoObject),
        new("sub twice, far apart", "at any depth", (issuer, _) => WithClaims(issuer, $$"""{"a":{"b":1,"b":2},{{good[1..]}}"""), NoObject),
        new("claims that are a list", "an object is meant", (issuer, _) => WithClaims(issuer, $"[{good}]"), NoObject),
        new("claims that are text", "the same", (issuer, _) => WithClaims(issuer, "\"ann\""), NoObject),
        new("claims that are nothing", "the same", (issuer, _) => WithClaims(issuer, "null"), NoObject),
        new("claims without content", "the same", (issuer, _) => WithClaims(issuer, ""), NoObject),
        new("two objects", "the second is not read", (issuer, _) => WithClaims(issuer, good + good), NoObject),
        new("comment", "JSON has none", (issuer, _) => WithClaims(issuer, good[..^1] + "/* */}"), NoObject),
        new("comma at the end", "nor that", (issuer, _) => WithClaims(issuer, good[..^1] + ",}"), NoObject),
        new("byte order mark", "nor that", (issuer, _) => WithClaims(issuer, "\ufeff" + good), NoObject),
        new("bad UTF-8", "C0 80 was a way to write NUL", (issuer, _) => SignBytes(issuer, [.. Encoding.UTF8.GetBytes(good[..^1]), .. ",\"x\":\""u8, 0xc0, 0x80, .. "\"}"u8]), NoObject),
        new("half a character", "\\ud800 alone is none", (issuer, _) => WithClaims(issuer, good[..^1] + ""","x":"\ud800"}"""), NoObject),
        new("half a character in a name", "the same", (issuer, _) => WithClaims(issuer, good[..^1] + ""","\udc00":1}"""), NoObject),

        // The header
        new("crit", "an extension that must be understood, and is not", (issuer, _) => issuer.Issue(header: header => (header["crit"], header["exp"]) = (new JsonArray("exp"), 1)), "extensions that must be understood"),
        new("crit that is empty", "the same", (issuer, _) => issuer.Issue(header: header => header["crit"] = new JsonArray()), "extensions that must be understood"),
        new("b64", "RFC 7797: the claims would not be base64", (issuer, _) => issuer.Issue(header: header => header["b64"] = false), "extensions that must be understood"),
        new("zip", "what unpacks may be large", (issuer, _) => issuer.Issue(header: header => header["zip"] = "DEF"), "encrypted token"),
        new("nested", "a token in a token: whose rules hold?", (issuer, _) => issuer.Issue(header: header => header["cty"] = "JWT"), "something else in it"),
        new("a token in place of the claims", "the same", (issuer, _) => WithClaims(issuer, issuer.Issue()), NoObject),
        new("typ of a logout", "tokens for something else have the same signature", (issuer, _) => issuer.Issue(header: header => header["typ"] = "logout+jwt"), "its typ is neither"),
        new("typ of a proof", "the same", (issuer, _) => issuer.Issue(header: header => header["typ"] = "dpop+jwt"), "its typ is neither"),
        new("typ that is a number", "the same", (issuer, _) => issuer.Issue(header: header => header["typ"] = 1), "its typ is neither"),

        // Whose, and for whom?
        new("no iss", "whose keys?", (issuer, _) => issuer.Issue(claims: claims => claims.Remove("iss")), "it does not say whose it is"),
        new("iss that is a list", "the same", (issuer, _) => issuer.Issue(claims: claims => claims["iss"] = new JsonArray(TestIssuer.Name)), "it does not say whose it is"),
        new("iss with a slash", "letter by letter", (issuer, _) => issuer.Issue(claims: claims => claims["iss"] = TestIssuer.Name + "/"), "its issuer is not one"),
        new("iss in another case", "the same", (issuer, _) => issuer.Issue(claims: claims => claims["iss"] = TestIssuer.Name.ToUpperInvariant()), "its issuer is not one"),
        new("iss with letters that look alike", "the same: this e is Cyrillic", (issuer, _) => issuer.Issue(claims: claims => claims["iss"] = "https://issu\u0435r.example"), "its issuer is not one"),
        new("iss with an invisible letter", "the same: a zero width joiner", (issuer, _) => issuer.Issue(claims: claims => claims["iss"] = TestIssuer.Name + "\u200d"), "its issuer is not one"),
        new("iss with a NUL", "C would end there", (issuer, _) => issuer.Issue(claims: claims => claims["iss"] = TestIssuer.Name + "\0.attacker"), "its issuer is not one"),
        new("iss longer", "the beginning is not enough", (issuer, _) => issuer.Issue(claims: claims => claims["iss"] = TestIssuer.Name + ".attacker.example"), "its issuer is not one"),
        new("another issuer's key", "each issuer vouches for its own", (_, stranger) => stranger.Issue(claims: claims => claims["iss"] = TestIssuer.Name), "its signature is wrong"),
        new("no aud", "it may be for anybody", (issuer, _) => issuer.Issue(claims: claims => claims.Remove("aud")), "it is for somebody else"),
        new("another aud", "who got a token for himself could use it here", (issuer, _) => issuer.Issue(claims: claims => claims["aud"] = "other"), "it is for somebody else"),
        new("aud in another case", "letter by letter", (issuer, _) => issuer.Issue(claims: claims => claims["aud"] = "RemoteExec"), "it is for somebody else"),
        new("aud with a blank", "the same", (issuer, _) => issuer.Issue(claims: claims => claims["aud"] = "remoteexec other"), "it is for somebody else"),
        new("aud that is empty", "the same", (issuer, _) => issuer.Issue(claims: claims => claims["aud"] = new JsonArray()), "it is for somebody else"),
        new("aud that is null", "the same", (issuer, _) => issuer.Issue(claims: claims => claims["aud"] = null), "it is for somebody else"),
        new("aud that is a number", "the same", (issuer, _) => issuer.Issue(claims: claims => claims["aud"] = 1), "it is for somebody else"),
        new("aud that is true", "the same", (issuer, _) => issuer.Issue(claims: claims => claims["aud"] = true), "it is for somebody else"),
        new("aud that is an object", "the same", (issuer, _) => issuer.Issue(claims: claims => claims["aud"] = new JsonObject { ["remoteexec"] = true }), "it is for somebody else"),
        new("aud with something else in its list", "a list of texts is meant", (issuer, _) => issuer.Issue(claims: claims => claims["aud"] = new JsonArray("remoteexec", 1)), "it is for somebody else"),
        new("aud in a list in its list", "the same", (issuer, _) => issuer.Issue(claims: claims => claims["aud"] = new JsonArray(new JsonArray("remoteexec"))), "it is for somebody else"),

        // When?
        new("no exp", "it would be good for ever", (issuer, _) => issuer.Issue(claims: claims => claims.Remove("exp")), "it does not say when it ends"),
        new("expired", "it was stolen from a log", (issuer, _) => issuer.Issue(claims: claims => claims["exp"] = TestIssuer.Now.AddSeconds(-61).ToUnixTimeSeconds()), "it has expired"),
        new("expired long ago", "the same", (issuer, _) => issuer.Issue(claims: claims => claims["exp"] = 0), "it has expired"),
        new("exp in milliseconds", "13 digits are in the year 57000", (issuer, _) => issuer.Issue(claims: claims => claims["exp"] = TestIssuer.Now.ToUnixTimeMilliseconds()), "its exp is no date"),
        new("exp that is huge", "1e300 overflows", (issuer, _) => WithExp(issuer, "1e300"), "its exp is no date"),
        new("exp that is infinite", "1e400 is, as a double", (issuer, _) => WithExp(issuer, "1e400"), "its exp is no date"),
        new("exp beyond 64 bits", "the same", (issuer, _) => WithExp(issuer, "18446744073709551616"), "its exp is no date"),
        new("exp that is negative", "before there were such tokens", (issuer, _) => WithExp(issuer, "-1"), "its exp is no date"),
        new("exp that is NaN", "all comparisons with it are false; JSON has none", (issuer, _) => WithExp(issuer, "NaN"), NoObject),
        new("exp that is text NaN", "the same", (issuer, _) => WithExp(issuer, "\"NaN\""), "its exp is no date"),
        new("exp that is text", "numbers are numbers", (issuer, _) => WithExp(issuer, $"\"{TestIssuer.Now.AddHours(1).ToUnixTimeSeconds()}\""), "its exp is no date"),
        new("exp that is a date", "the same", (issuer, _) => WithExp(issuer, "\"2100-01-01T00:00:00Z\""), "its exp is no date"),
        new("exp that is null", "the same", (issuer, _) => WithExp(issuer, "null"), "its exp is no date"),
        new("exp that is true", "the same", (issuer, _) => WithExp(issuer, "true"), "its exp is no date"),
        new("exp that is a list", "the same", (issuer, _) => WithExp(issuer, $"[{TestIssuer.Now.AddHours(1).ToUnixTimeSeconds()}]"), "its exp is no date"),
        new("not good yet", "it is for later", (issuer, _) => issuer.Issue(claims: claims => claims["nbf"] = TestIssuer.Now.AddSeconds(61).ToUnixTimeSeconds()), "it is not good yet (nbf)"),
        new("nbf that is text", "what can't be read is not passed over", (issuer, _) => issuer.Issue(claims: claims => claims["nbf"] = "0"), "its nbf is no date"),
        new("nbf that is null", "the same", (issuer, _) => issuer.Issue(claims: claims => claims["nbf"] = null), "its nbf is no date"),
        new("nbf that is huge", "the same", (issuer, _) => issuer.Issue(claims: claims => claims["nbf"] = 1e300), "its nbf is no date"),
        new("made in the future", "the issuer's clock is wrong, or it is not the issuer", (issuer, _) => issuer.Issue(claims: claims => claims["iat"] = TestIssuer.Now.AddDays(1).ToUnixTimeSeconds()), "it is not good yet (iat)"),
        new("iat that is text", "what can't be read is not passed over", (issuer, _) => issuer.Issue(claims: claims => claims["iat"] = "now"), "its iat is no date"),
    ];

    private static readonly TestIssuer issuer = new(), stranger = new(); // keys of RSA take long to make
    private readonly TestVerifier verifier;

    public JwtAttackTests() => verifier = new TestVerifier(new TestKeys(issuer.Keys), new TestKeys(stranger.Keys, "https://stranger.example"));

    public static TheoryData<string> Names { get; } = [.. attacks.Select(attack => attack.Name)];

    // The order of the curve P-256.
    private static byte[] Order => Convert.FromHexString("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551");

    public ValueTask DisposeAsync() => verifier.DisposeAsync();

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Is_refused(string name)
    {
        Attack attack = attacks.Single(attack => attack.Name == name);

        JwtVerdict verdict = await verifier.VerifyAsync(attack.Make(issuer, stranger));

        Assert.True(verdict is JwtVerdict.Bad bad && bad.Reason.Contains(attack.Reason, StringComparison.Ordinal), $"{attack.Name} ({attack.Why}): {verdict}");
    }

    [Fact]
    public async Task What_they_are_made_of_is_good()
    {
        await verifier.AcceptAsync(issuer.Issue());
        await verifier.AcceptAsync(issuer.Issue("RS256"));
        await verifier.AcceptAsync(WithClaims(issuer, good));
        await verifier.AcceptAsync(WithExp(issuer, $"{TestIssuer.Now.AddHours(1).ToUnixTimeSeconds()}.5"));
        await verifier.AcceptAsync(stranger.Issue(claims: claims => claims["iss"] = "https://stranger.example"));
        Assert.Equal(64, SignatureOf(issuer.Issue()).Length);
        Assert.Equal(86, issuer.Issue().Split('.')[2].Length);
    }

    [Fact]
    public async Task A_reason_does_not_quote_the_token()
    {
        foreach (Attack attack in attacks)
        {
            string token = attack.Make(issuer, stranger);
            JwtVerdict.Bad bad = Assert.IsType<JwtVerdict.Bad>(await verifier.VerifyAsync(token));
            Assert.All(token.Split('.').Where(part => part.Length > 4), part => Assert.DoesNotContain(part, bad.Reason, StringComparison.Ordinal));
        }
    }

    private static string Plain(string algorithm) => TestIssuer.Encode(PlainHeader(algorithm));

    private static string PlainHeader(string algorithm) => TestIssuer.Header(algorithm, "p256").ToJsonString();

    private static string Resign(TestIssuer issuer, string header)
    {
        string signed = $"{header}.{TestIssuer.Encode(good)}";
        return $"{signed}.{TestIssuer.Encode(issuer.SignatureOf(Encoding.ASCII.GetBytes(signed), "ES256"))}";
    }

    private static string Hmac(string keyId, byte[] key)
    {
        string signed = $"{TestIssuer.Encode(TestIssuer.Header("HS256", keyId).ToJsonString())}.{TestIssuer.Encode(good)}";
        return $"{signed}.{TestIssuer.Encode(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(signed)))}";
    }

    private static string WithClaims(TestIssuer issuer, string claims) => issuer.Sign(TestIssuer.Header("ES256", "p256").ToJsonString(), claims, "ES256");

    private static string WithExp(TestIssuer issuer, string value) =>
        WithClaims(issuer, TestIssuer.Claims(claims => claims.Remove("exp")).ToJsonString()[..^1] + $",\"exp\":{value}}}");

    private static string SignBytes(TestIssuer issuer, byte[] claims)
    {
        string signed = $"{Plain("ES256")}.{TestIssuer.Encode(claims)}";
        return $"{signed}.{TestIssuer.Encode(issuer.SignatureOf(Encoding.ASCII.GetBytes(signed), "ES256"))}";
    }

    private static string WithSignature(string token, byte[] signature) => WithSignature(token, TestIssuer.Encode(signature));

    private static string WithSignature(string token, string signature) => $"{token[..token.LastIndexOf('.')]}.{signature}";

    private static byte[] SignatureOf(string token) => System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[2]);

    private static string Der(TestIssuer issuer)
    {
        string signed = $"{Plain("ES256")}.{TestIssuer.Encode(good)}";
        return $"{signed}.{TestIssuer.Encode(issuer.P256.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence))}";
    }

    // The same 64 bytes to whoever does not look at the bits that are left over.
    private static string LeftOver(string token)
    {
        const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        return token[..^1] + Alphabet[Alphabet.IndexOf(token[^1], StringComparison.Ordinal) + 1];
    }
}
