using System.Globalization;
using RemoteExec.Server.Auth.Jwt;

namespace RemoteExec.Server.Tests.Auth.Jwt;

/// <summary>Tokens that are good, and what has to be known of them.</summary>
public sealed class JwtVerifierTests : IAsyncDisposable
{
    private static readonly TestIssuer issuer = new(); // keys of RSA take long to make
    private readonly TestVerifier verifier;

    public JwtVerifierTests() => verifier = new TestVerifier(issuer.Keys);

    public ValueTask DisposeAsync() => verifier.DisposeAsync();

    [Theory]
    [InlineData("RS256")]
    [InlineData("RS384")]
    [InlineData("RS512")]
    [InlineData("PS256")]
    [InlineData("PS384")]
    [InlineData("PS512")]
    [InlineData("ES256")]
    [InlineData("ES384")]
    [InlineData("ES512")]
    public async Task Every_algorithm_of_the_table_is_taken(string algorithm)
    {
        JwtVerdict.Good good = await verifier.AcceptAsync(issuer.Issue(algorithm));

        Assert.Equal(["ann"], good.Claims.ValuesOf("sub"));
        Assert.Equal(TestIssuer.Now.AddHours(1).AddSeconds(60), good.Expires);
    }

    [Fact]
    public void There_are_no_others() =>
        Assert.Equal(["ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"], JwtAlgorithm.Names.Order(StringComparer.Ordinal));

    [Fact]
    public async Task A_token_that_was_changed_anywhere_is_refused()
    {
        foreach (string algorithm in (string[])["RS256", "PS256", "ES256"])
        {
            string token = issuer.Issue(algorithm);
            await verifier.AcceptAsync(token);
            for (int i = 0; i < token.Length; i++)
            {
                if (token[i] == '.')
                    continue;
                string changed = $"{token[..i]}{(token[i] == 'A' ? 'B' : 'A')}{token[(i + 1)..]}";
                Assert.True(await verifier.VerifyAsync(changed) is JwtVerdict.Bad, $"{algorithm}, character {i}");
            }
        }
    }

    [Fact]
    public async Task A_token_that_was_cut_anywhere_is_refused()
    {
        string token = issuer.Issue();

        for (int length = 0; length < token.Length; length++)
            Assert.IsType<JwtVerdict.Bad>(await verifier.VerifyAsync(token[..length]));
    }

    [Theory]
    [InlineData("""{"typ":"at+jwt"}""")]
    [InlineData("""{"typ":"jwt"}""")]
    [InlineData("""{"x5t":"abc","new":{"some":["thing"]}}""")] // what is not known is not looked at
    public async Task A_header_may_have_more(string more)
    {
        string header = $$"""{"alg":"ES256","kid":"p256",{{more[1..]}}""";

        await verifier.AcceptAsync(issuer.Sign(header, TestIssuer.Claims().ToJsonString(), "ES256"));
    }

    [Fact]
    public async Task A_token_without_a_key_s_name_is_taken_if_only_one_key_can_be_meant()
    {
        string token = issuer.Issue("ES384", header => header.Remove("kid"));
        await verifier.AcceptAsync(token);

        await using var several = new TestVerifier(TestIssuer.KeySet(TestIssuer.KeyOf(issuer.P384, "a"), TestIssuer.KeyOf(issuer.P384, "b")));
        await several.RefuseAsync(token, "not exactly one for its alg");
    }

    [Fact]
    public async Task Of_several_keys_with_one_name_each_is_tried()
    {
        using var other = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        await using var verifier = new TestVerifier(TestIssuer.KeySet(TestIssuer.KeyOf(issuer.Rsa, "p256"), TestIssuer.KeyOf(other, "p256"), TestIssuer.KeyOf(issuer.P256, "p256")));

        await verifier.AcceptAsync(issuer.Issue());
    }

    [Theory]
    [InlineData("""{"aud":"remoteexec"}""")]
    [InlineData("""{"aud":["remoteexec"]}""")]
    [InlineData("""{"aud":["other","remoteexec"]}""")]
    public async Task The_audience_is_a_text_or_a_list(string claims) => await verifier.AcceptAsync(Change(claims));

    [Theory] // a minute's difference is allowed, and not a moment more
    [InlineData("exp", -59.999, true)]
    [InlineData("exp", -60, false)]
    [InlineData("exp", 0, true)]
    [InlineData("nbf", 60, true)]
    [InlineData("nbf", 60.001, false)]
    [InlineData("nbf", -1000000, true)]
    [InlineData("iat", 60, true)]
    [InlineData("iat", 61, false)]
    [InlineData("iat", -1000000, true)]
    public async Task Clocks_may_differ_by_what_is_set(string claim, double seconds, bool isGood)
    {
        double at = TestIssuer.Now.ToUnixTimeSeconds() + seconds;

        JwtVerdict verdict = await verifier.VerifyAsync(Change($$"""{"{{claim}}":{{at.ToString("R", CultureInfo.InvariantCulture)}}}"""));

        Assert.Equal(isGood, verdict is JwtVerdict.Good);
    }

    [Fact]
    public async Task A_token_ends_by_the_clock()
    {
        string token = issuer.Issue();
        verifier.Time.Advance(TimeSpan.FromMinutes(61) - TimeSpan.FromTicks(1));
        await verifier.AcceptAsync(token);

        verifier.Time.Advance(TimeSpan.FromTicks(1));

        await verifier.RefuseAsync(token, "it has expired");
    }

    [Fact]
    public async Task Claims_are_values_by_name()
    {
        JwtVerdict.Good good = await verifier.AcceptAsync(Change(
            """{"groups":["a","b",3,["nested"],{"x":"y"}],"admin":true,"level":7,"a.b":"dotted","a":{"b":"inside","c":{"d":["deep"]}},"nothing":null,"object":{}}"""));

        Assert.Equal(["a", "b", "3"], good.Claims.ValuesOf("groups"));
        Assert.Equal(["true"], good.Claims.ValuesOf("admin"));
        Assert.Equal(["7"], good.Claims.ValuesOf("level"));
        Assert.Equal(["dotted"], good.Claims.ValuesOf("a.b")); // the whole name counts more than the way
        Assert.Equal(["deep"], good.Claims.ValuesOf("a.c.d"));
        Assert.Empty(good.Claims.ValuesOf("nothing"));
        Assert.Empty(good.Claims.ValuesOf("object"));
        Assert.Empty(good.Claims.ValuesOf("absent"));
        Assert.Empty(good.Claims.ValuesOf("Groups"));
        Assert.Empty(good.Claims.ValuesOf("groups.a"));
    }

    [Fact]
    public async Task An_issuer_may_stand_there_for_several_audiences_each_with_keys_of_its_own()
    {
        using var other = new TestIssuer();
        await using var both = new TestVerifier(new TestKeys(issuer.Keys, TestIssuer.Name, "one"), new TestKeys(other.Keys, TestIssuer.Name, "two"));

        await both.AcceptAsync(issuer.Issue(claims: claims => claims["aud"] = "one"));
        await both.AcceptAsync(other.Issue(claims: claims => claims["aud"] = "two"));
        await both.RefuseAsync(issuer.Issue(claims: claims => claims["aud"] = "two"), "signature is wrong");
        await both.RefuseAsync(other.Issue(claims: claims => claims["aud"] = "one"), "it is for somebody else");
    }

    private string Change(string claims) => issuer.Issue(claims: all =>
    {
        foreach ((string name, System.Text.Json.Nodes.JsonNode? value) in System.Text.Json.Nodes.JsonNode.Parse(claims)!.AsObject())
            all[name] = value?.DeepClone();
    });
}
