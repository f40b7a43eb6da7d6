using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Server.Auth;
using RemoteExec.Server.Auth.Jwt;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Tests.Auth.Jwt;

/// <summary>Who a good token's bearer is, and what he may do.</summary>
public sealed class JwtAuthenticatorTests : IAsyncLifetime
{
    private static readonly TestIssuer issuer = new(); // keys of RSA take long to make
    private readonly TemporaryDirectory directory = new();
    private readonly ManualTimeProvider time = new();
    private readonly RecordingLogger log = new();
    private JwtAuthenticator authenticator = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string KeyFile => directory["keys.json"];

    public ValueTask InitializeAsync()
    {
        File.WriteAllText(KeyFile, issuer.Keys);
        authenticator = Open(OptionsOf(
            new JwtRuleOptions { Claim = "groups", Value = "build-*", Role = "developer", Instances = ["team"] },
            new JwtRuleOptions { Claim = "groups", Value = "release", Role = "ci", Instances = ["team/release"] },
            new JwtRuleOptions { Claim = "realm.roles", Value = "boss", Role = "operator" }));
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await authenticator.DisposeAsync();
        directory.Dispose();
    }

    private JwtOptions OptionsOf(params JwtRuleOptions[] rules) => new() { Issuer = TestIssuer.Name, Audience = [TestIssuer.Audience], JwksFile = KeyFile, Rules = rules };

    private JwtAuthenticator Open(params JwtOptions[] options) => new(options, new Roles(new Dictionary<string, RoleOptions>()), log, time);

    private ValueTask<Authentication> ShowAsync(string header) => authenticator.AuthenticateAsync(new Credentials(header, null), Cancellation);

    private async Task<Caller> CallAsync(string claims) => (await ShowAsync($"Bearer {Issue(claims)}")).Caller!;

    private static string Issue(string claims) => issuer.Issue(claims: all =>
    {
        foreach ((string name, JsonNode? value) in JsonNode.Parse(claims)!.AsObject())
            all[name] = value?.DeepClone();
    });

    private static string RightsOf(Caller caller, string instance) => string.Join(' ', Enum.GetValues<Right>()
        .Where(right => right != Right.None && caller.HasOneOf(right, InstanceName.Parse(instance))).Select(right => RightNames.Of(right).Single()));

    [Theory]
    [InlineData("""{"groups":["build-1","other"]}""", "team", "read-cas write-cas read-ac execute")]
    [InlineData("""{"groups":"build-1"}""", "team/any", "read-cas write-cas read-ac execute")]
    [InlineData("""{"groups":["build-1"]}""", "team2", "")]
    [InlineData("""{"groups":["build-1"]}""", "", "")]
    [InlineData("""{"groups":["rebuild-1"]}""", "team", "")]
    [InlineData("""{"groups":["Build-1"]}""", "team", "")]
    [InlineData("""{"groups":["release"]}""", "team", "")]
    [InlineData("""{"groups":["release"]}""", "team/release", "read-cas write-cas read-ac write-ac execute")]
    [InlineData("""{"groups":["build-1","release"]}""", "team/release", "read-cas write-cas read-ac write-ac execute")]
    [InlineData("""{"realm":{"roles":["boss"]}}""", "any", "read-cas read-ac operate")]
    [InlineData("""{"groups":{"build-1":true}}""", "team", "")]
    [InlineData("{}", "team", "")]
    public async Task Each_rule_that_fits_gives_its_role(string claims, string instance, string rights)
    {
        Caller caller = await CallAsync(claims);

        Assert.Equal(rights, RightsOf(caller, instance));
        Assert.Equal("ann (jwt of https://issuer.example)", caller.ToString());
    }

    [Fact]
    public async Task A_rule_without_a_claim_is_for_all_tokens_of_the_issuer()
    {
        await authenticator.DisposeAsync();
        authenticator = Open(OptionsOf(new JwtRuleOptions { Role = "reader" }));

        Assert.Equal("read-cas read-ac", RightsOf(await CallAsync("{}"), "any"));
    }

    [Fact]
    public async Task A_token_may_be_the_password_of_HTTP_basic()
    {
        string pair = Convert.ToBase64String(Encoding.UTF8.GetBytes($"anybody:{Issue("{}")}"));

        Assert.Equal("ann", (await ShowAsync($"Basic {pair}")).Caller?.Name);
    }

    [Theory]
    [InlineData("Bearer rexec-some-other-token")]
    [InlineData("Bearer ")]
    [InlineData("Basic !!!")]
    [InlineData("Digest abc")]
    [InlineData("")]
    public async Task What_is_no_signed_token_is_for_others_to_judge(string header) => Assert.Equal(Authentication.NotMine, await ShowAsync(header));

    [Fact]
    public async Task Without_credentials_it_is_not_asked() =>
        Assert.Equal(Authentication.NotMine, await authenticator.AuthenticateAsync(default, Cancellation));

    [Fact]
    public async Task A_bad_token_is_told_what_is_wrong_with_it()
    {
        Authentication answer = await ShowAsync($"Bearer {issuer.Issue(claims: claims => claims["aud"] = "other")}");

        Assert.Null(answer.Caller);
        Assert.Equal("the token is not good here: it is for somebody else (aud)", answer.Refusal);
    }

    [Theory]
    [InlineData("""{"sub":null}""", "is missing, empty, or has several values")]
    [InlineData("""{"sub":""}""", "is missing, empty, or has several values")]
    [InlineData("""{"sub":["a","b"]}""", "is missing, empty, or has several values")]
    [InlineData("""{"sub":"ann\n{\"caller\":\"bob\"}"}""", "some that can't be seen")]
    [InlineData("""{"sub":"\u202ebob"}""", "some that can't be seen")] // turns what follows round
    [InlineData("""{"sub":"ann\u200b"}""", "some that can't be seen")]
    [InlineData("""{"sub":"ann\u0000"}""", "some that can't be seen")]
    public async Task A_name_is_one_that_can_be_read(string claims, string reason) =>
        Assert.Contains(reason, (await ShowAsync($"Bearer {Issue(claims)}")).Refusal, StringComparison.Ordinal);

    [Fact]
    public async Task A_name_is_not_any_length()
    {
        Assert.Equal(new string('n', 256), (await CallAsync($$"""{"sub":"{{new string('n', 256)}}"}""")).Name);
        Assert.NotNull((await ShowAsync($"Bearer {Issue($$"""{"sub":"{{new string('n', 257)}}"}""")}")).Refusal);
    }

    [Fact]
    public async Task A_good_token_is_remembered_until_it_ends()
    {
        string header = $"Bearer {Issue("{}")}";
        Caller first = (await ShowAsync(header)).Caller!;
        time.Advance(TimeSpan.FromMinutes(61) - TimeSpan.FromTicks(1));

        ValueTask<Authentication> remembered = ShowAsync(header);

        Assert.True(remembered.IsCompletedSuccessfully);
        Assert.Same(first, (await remembered).Caller);
        time.Advance(TimeSpan.FromTicks(1));
        Assert.Contains("it has expired", (await ShowAsync(header)).Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_whose_key_is_taken_back_is_good_no_longer()
    {
        string header = $"Bearer {Issue("{}")}";
        Assert.NotNull((await ShowAsync(header)).Caller);
        File.WriteAllText(KeyFile, TestIssuer.KeySet(TestIssuer.KeyOf(issuer.P384, "p384")));
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Contains("its issuer has no key of that name", (await ShowAsync(header)).Refusal, StringComparison.Ordinal);

        File.WriteAllText(KeyFile, issuer.Keys);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.NotNull((await ShowAsync(header)).Caller);
    }

    [Fact]
    public async Task A_bad_token_is_not_remembered_in_place_of_a_good_one()
    {
        string good = Issue("{}");
        Assert.NotNull((await ShowAsync($"Bearer {good}")).Caller);

        Assert.Null((await ShowAsync($"Bearer {good[..^4]}AAAA")).Caller);
        Assert.Null((await ShowAsync($"Bearer {good}.")).Caller);
        Assert.NotNull((await ShowAsync($"Bearer {good}")).Caller);
    }

    [Fact]
    public void A_file_without_keys_ends_the_start()
    {
        File.WriteAllText(KeyFile, "{}");

        StartupException exception = Assert.Throws<StartupException>(() => Open(OptionsOf()));

        Assert.Equal($"{KeyFile}: it is no set of keys: a JSON object with a list 'keys' (setting auth.jwt jwksFile)", exception.Message);
    }

    [Fact]
    public async Task A_file_that_is_broken_later_changes_nothing_and_is_told()
    {
        File.WriteAllText(KeyFile, "{");
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.NotNull((await ShowAsync($"Bearer {Issue("{}")}")).Caller);
        Assert.Equal(LogLevel.Warning, Assert.Single(log.Entries).Level);
    }

    [Fact]
    public void A_file_with_certificates_that_is_not_there_ends_the_start() =>
        Assert.Equal("/not/there: there is no such file (setting auth.jwt caFile)", Assert.Throws<StartupException>(() => Open(OptionsOf() with { JwksFile = null, CaFile = "/not/there" })).Message);
}
