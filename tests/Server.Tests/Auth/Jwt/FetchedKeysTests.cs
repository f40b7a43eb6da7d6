using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using RemoteExec.Fetching;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Auth.Jwt;
using RemoteExec.Server.Tests.Fetching;

namespace RemoteExec.Server.Tests.Auth.Jwt;

/// <summary>Keys of an issuer that publishes them by HTTPS.</summary>
public sealed class FetchedKeysTests : IAsyncLifetime
{
    private const string KeysPath = "/keys", ConfigurationPath = "/.well-known/openid-configuration";
    private readonly TestIssuer before = new(), after = new();
    private readonly ManualTimeProvider time = new();
    private readonly RecordingLogger log = new();
    private TestWebServer server = null!;

    private string Problem => log.Entries.Last().Text;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static string KeysOf(TestIssuer issuer, string id) => TestIssuer.KeySet(TestIssuer.KeyOf(issuer.P256, id));

    public async ValueTask InitializeAsync()
    {
        server = await TestWebServer.StartAsync();
        server.Serve(KeysPath, KeysOf(before, "first"));
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        before.Dispose();
        after.Dispose();
    }

    private FetchedKeys Open(string? path = KeysPath, bool allowsPrivate = true, string? issuer = null)
    {
        var fetch = new HttpFetch(new FetchableAddresses(allowsPrivate), RpcTrust.InRoots([server.Root]), time);
        var endpoint = new KeyEndpoint(issuer ?? server.Address, path is null ? null : new Uri(server.Address + path), fetch);
        return new FetchedKeys(endpoint, "the issuer", refresh: TimeSpan.FromHours(1), staleFor: TimeSpan.FromDays(1), log, time);
    }

    private static async Task<JsonWebKeySet> FetchAsync(FetchedKeys keys)
    {
        JsonWebKeySet? fetched = await keys.LookAgainAsync(Cancellation);
        Assert.NotNull(fetched);
        return fetched;
    }

    // What is due by the clock happens elsewhere: the attempt that it leads to is waited for.
    private async Task AdvanceAsync(FetchedKeys keys, TimeSpan by)
    {
        while (time.WaitingTimers == 0)
            await Task.Delay(5, Cancellation);
        time.Advance(by);
        await keys.LookAgainAsync(Cancellation);
    }

    [Fact]
    public async Task They_are_fetched_at_once_and_again_from_time_to_time()
    {
        await using FetchedKeys keys = Open();
        JsonWebKeySet first = await FetchAsync(keys);
        Assert.True(first.Knows("first"));
        Assert.Same(first, keys.Current);

        server.Serve(KeysPath, KeysOf(after, "second"));
        await AdvanceAsync(keys, TimeSpan.FromHours(1));

        Assert.True(keys.Current!.Knows("second"));
        Assert.False(keys.Current.Knows("first")); // an issuer that takes a key back has it taken back
        Assert.Equal(2, server.CountOf(KeysPath));
        Assert.Empty(log.Entries);
    }

    [Fact]
    public async Task The_same_keys_stay_the_same_object()
    {
        await using FetchedKeys keys = Open();
        JsonWebKeySet first = await FetchAsync(keys);

        await AdvanceAsync(keys, TimeSpan.FromHours(1));
        Assert.Equal(2, server.CountOf(KeysPath));
        time.Advance(FetchedKeys.ShortestPause);

        Assert.Same(first, await FetchAsync(keys)); // so that what was verified with it need not be verified again
    }

    [Fact]
    public async Task A_token_with_a_new_key_has_them_fetched_at_once()
    {
        FetchedKeys keys = Open();
        await using var verifier = new JwtVerifier([new JwtIssuer(TestIssuer.Name, [TestIssuer.Audience], TimeSpan.Zero, keys, time)]);
        Assert.IsType<JwtVerdict.Good>(await verifier.VerifyAsync(before.Issue(header: header => header["kid"] = "first"), Cancellation));
        server.Serve(KeysPath, TestIssuer.KeySet(TestIssuer.KeyOf(before.P256, "first"), TestIssuer.KeyOf(after.P256, "second")));
        time.Advance(FetchedKeys.ShortestPause);

        Assert.IsType<JwtVerdict.Good>(await verifier.VerifyAsync(after.Issue(header: header => header["kid"] = "second"), Cancellation));
        Assert.IsType<JwtVerdict.Good>(await verifier.VerifyAsync(before.Issue(header: header => header["kid"] = "first"), Cancellation));
        Assert.Equal(2, server.CountOf(KeysPath));
    }

    [Fact]
    public async Task Strangers_can_t_have_the_issuer_asked_again_and_again()
    {
        FetchedKeys keys = Open();
        await using var verifier = new JwtVerifier([new JwtIssuer(TestIssuer.Name, [TestIssuer.Audience], TimeSpan.Zero, keys, time)]);
        await FetchAsync(keys);
        for (int round = 1; round <= 3; round++)
        {
            time.Advance(FetchedKeys.ShortestPause);
            await Parallel.ForAsync(0, 100, Cancellation, async (i, _) =>
                Assert.IsType<JwtVerdict.Bad>(await verifier.VerifyAsync(after.Issue(header: header => header["kid"] = $"made-up-{i}"), Cancellation)));

            Assert.Equal(1 + round, server.CountOf(KeysPath));
        }
    }

    [Fact]
    public async Task While_the_issuer_is_away_the_last_ones_hold_for_a_time()
    {
        await using FetchedKeys keys = Open();
        JsonWebKeySet first = await FetchAsync(keys);
        server.Pages[KeysPath] = context =>
        {
            context.Response.StatusCode = (int)HttpStatusCode.ServiceUnavailable;
            return Task.CompletedTask;
        };

        await AdvanceAsync(keys, TimeSpan.FromHours(1));
        for (int i = 0; i < 3; i++)
        {
            int count = server.CountOf(KeysPath);
            await AdvanceAsync(keys, TimeSpan.FromSeconds(30)); // it is tried again soon
            Assert.Equal(count + 1, server.CountOf(KeysPath));
        }

        Assert.Same(first, keys.Current);
        (LogLevel level, string text, _) = Assert.Single(log.Entries); // the same is told once
        Assert.Equal(LogLevel.Warning, level);
        Assert.Contains("The keys of token issuer the issuer can't be fetched: https://localhost:", text, StringComparison.Ordinal);
        Assert.Contains("answers 503", text, StringComparison.Ordinal);

        await AdvanceAsync(keys, TimeSpan.FromDays(1) - TimeSpan.FromHours(2));
        Assert.Same(first, keys.Current);
        await AdvanceAsync(keys, TimeSpan.FromHours(1));
        Assert.Null(keys.Current);

        server.Serve(KeysPath, KeysOf(after, "second"));
        await AdvanceAsync(keys, TimeSpan.FromSeconds(30));
        Assert.True(keys.Current!.Knows("second"));
        Assert.Contains("were fetched again", log.Entries.Last().Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stranger_is_not_told_where_keys_were_looked_for()
    {
        server.Pages.Clear();
        FetchedKeys keys = Open();
        await using var verifier = new JwtVerifier([new JwtIssuer(TestIssuer.Name, [TestIssuer.Audience], TimeSpan.Zero, keys, time)]);

        JwtVerdict verdict = await verifier.VerifyAsync(before.Issue(), Cancellation);

        Assert.Equal("the keys of its issuer can't be had now: the server's log says why", Assert.IsType<JwtVerdict.Bad>(verdict).Reason);
        Assert.Contains($"{server.Address}{KeysPath} answers 404", Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_calls_before_there_are_keys_waits_for_the_attempt_that_goes_on()
    {
        var asked = new TaskCompletionSource();
        var answer = new TaskCompletionSource();
        server.Pages[KeysPath] = async context =>
        {
            asked.TrySetResult();
            await answer.Task;
            await context.Response.WriteAsync(KeysOf(before, "first"), context.RequestAborted);
        };
        await using FetchedKeys keys = Open();
        await asked.Task.WaitAsync(TimeSpan.FromMinutes(1), Cancellation);
        Assert.Null(keys.Current);
        ValueTask<JsonWebKeySet?> one = keys.LookAgainAsync(Cancellation), other = keys.LookAgainAsync(Cancellation);

        answer.SetResult();

        Assert.Same(await one, await other);
        Assert.Equal(1, server.CountOf(KeysPath));
    }

    [Theory]
    [InlineData("<html>no JSON</html>", "it is no set of keys")]
    [InlineData("[]", "it is no set of keys")]
    [InlineData("{}", "it is no set of keys")]
    [InlineData("""{"keys":[],"keys":[]}""", "it is no set of keys")]
    [InlineData("""{"keys":{}}""", "it is no set of keys")]
    [InlineData("""{"keys":[]}""", "no key in it that can be used")]
    [InlineData("""{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}""", "no key in it that can be used: its kty is neither RSA nor EC")]
    public async Task What_is_no_set_of_keys_is_none(string text, string reason)
    {
        server.Serve(KeysPath, text);
        await using FetchedKeys keys = Open();

        Assert.Null(await keys.LookAgainAsync(Cancellation));
        Assert.Contains(reason, Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flood_is_no_set_of_keys()
    {
        server.Pages[KeysPath] = async context =>
        {
            while (!context.RequestAborted.IsCancellationRequested)
                await context.Response.WriteAsync(new string(' ', 64 * 1024), context.RequestAborted);
        };
        await using FetchedKeys keys = Open();

        Assert.Null(await keys.LookAgainAsync(Cancellation));
        Assert.Contains("answers more than 262144 bytes", Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_configuration_of_an_issuer_says_where_they_are()
    {
        server.Serve(ConfigurationPath, $$"""{"issuer":"{{server.Address}}","jwks_uri":"{{server.Address}}/elsewhere"}""");
        server.Serve("/elsewhere", KeysOf(after, "second"));
        await using FetchedKeys keys = Open(path: null);

        Assert.True((await FetchAsync(keys)).Knows("second"));
    }

    [Theory]
    [InlineData("""{"issuer":"https://other.example","jwks_uri":"SERVER/keys"}""", "is the configuration of another issuer")]
    [InlineData("""{"issuer":"SERVER/","jwks_uri":"SERVER/keys"}""", "is the configuration of another issuer")]
    [InlineData("""{"jwks_uri":"SERVER/keys"}""", "is the configuration of another issuer")]
    [InlineData("""{"issuer":"SERVER"}""", "names no address of keys")]
    [InlineData("""{"issuer":"SERVER","jwks_uri":"/keys"}""", "is no https:// address")]
    [InlineData("""{"issuer":"SERVER","jwks_uri":"http://issuer.example/keys"}""", "is not https://")]
    [InlineData("""{"issuer":"SERVER","jwks_uri":"file:///etc/passwd"}""", "is no https:// address")]
    [InlineData("""{"issuer":"SERVER","jwks_uri":"https://169.254.169.254/keys"}""", "private or reserved")]
    [InlineData("nonsense", "is no JSON object")]
    public async Task A_configuration_is_not_believed_blindly(string configuration, string reason)
    {
        server.Serve(ConfigurationPath, configuration.Replace("SERVER", server.Address, StringComparison.Ordinal));
        await using FetchedKeys keys = Open(path: null);

        Assert.Null(await keys.LookAgainAsync(Cancellation));
        Assert.Contains(reason, Problem, StringComparison.Ordinal);
        Assert.Equal(0, server.CountOf(KeysPath));
    }

    [Fact]
    public async Task An_issuer_that_leads_to_this_machine_is_not_followed()
    {
        server.Pages["/redirect"] = context =>
        {
            context.Response.Redirect($"{server.Address}{KeysPath}");
            return Task.CompletedTask;
        };
        await using FetchedKeys keys = Open("/redirect");

        Assert.Null(await keys.LookAgainAsync(Cancellation));
        Assert.Contains("leads elsewhere (302)", Problem, StringComparison.Ordinal);
        Assert.Equal(0, server.CountOf(KeysPath));
    }

    [Fact]
    public async Task Private_addresses_take_a_word()
    {
        await using FetchedKeys keys = Open(allowsPrivate: false);

        Assert.Null(await keys.LookAgainAsync(Cancellation));
        Assert.Contains("nothing is fetched from localhost", Problem, StringComparison.Ordinal);
        Assert.Equal(0, server.CountOf(KeysPath));
    }

    [Fact]
    public async Task Disposing_does_not_wait_for_a_slow_issuer()
    {
        var asked = new TaskCompletionSource();
        server.Pages[KeysPath] = async context =>
        {
            asked.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        };
        FetchedKeys keys = Open();
        await asked.Task.WaitAsync(TimeSpan.FromMinutes(1), Cancellation);
        ValueTask<JsonWebKeySet?> waiting = keys.LookAgainAsync(Cancellation);

        await keys.DisposeAsync();

        Assert.Null(await waiting);
    }
}
