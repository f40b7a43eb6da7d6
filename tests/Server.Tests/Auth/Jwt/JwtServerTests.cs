using System.Net;
using System.Net.Http.Headers;
using System.Text;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Hosting;
using RemoteExec.Server.Tests.Fetching;

namespace RemoteExec.Server.Tests.Auth.Jwt;

/// <summary>A whole server whose callers show tokens of an issuer that is found by its configuration, over HTTPS.</summary>
public sealed class JwtServerTests : IAsyncLifetime
{
    private static readonly TestIssuer issuer = new();
    private readonly TemporaryDirectory data = new();
    private TestWebServer web = null!;
    private RunningServer server = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        web = await TestWebServer.StartAsync();
        web.Serve("/realm/.well-known/openid-configuration", $$"""{"issuer":"{{Issuer}}","jwks_uri":"{{web.Address}}/keys"}""");
        web.Serve("/keys", issuer.Keys);
        await File.WriteAllTextAsync(data["ca.pem"], web.Root.ExportCertificatePem(), Cancellation);
        server = await TestServers.StartAsync(
            data,
            $"auth.jwt=[{{ issuer: \"{Issuer}\", audience: remoteexec, caFile: {data["ca.pem"]}, privateAddresses: true, rules: [{{ claim: groups, value: ci, role: ci, instances: [team] }}, {{ claim: groups, value: dev, role: developer, instances: [team] }}] }}]");
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await web.DisposeAsync();
        data.Dispose();
    }

    private string Issuer => $"{web.Address}/realm";

    private string Issue(string group, TimeSpan? life = null) => issuer.Issue("RS256", claims: claims =>
    {
        claims["iss"] = Issuer;
        claims["groups"] = group;
        claims["exp"] = (TimeProvider.System.GetUtcNow() + (life ?? TimeSpan.FromHours(1))).ToUnixTimeSeconds();
        claims.Remove("iat");
    });

    private RpcChannel Connect(string? token) => TestServers.Connect(server, options: new RpcChannelOptions { Authorization = () => token is null ? null : $"Bearer {token}" });

    private static Task<Reapi.ActionResult> UpdateAsync(RpcChannel channel, string instance = "team") => channel.UnaryAsync<Reapi.UpdateActionResultRequest, Reapi.ActionResult>(
        "/build.bazel.remote.execution.v2.ActionCache/UpdateActionResult",
        new Reapi.UpdateActionResultRequest { InstanceName = instance, ActionDigest = TestBlob.Random(1, 100).Digest.ToProto(), ActionResult = new Reapi.ActionResult { ExitCode = 1 } }, Cancellation);

    private static Task<Reapi.ServerCapabilities> AskAsync(RpcChannel channel) => channel.UnaryAsync<Reapi.GetCapabilitiesRequest, Reapi.ServerCapabilities>(
        "/build.bazel.remote.execution.v2.Capabilities/GetCapabilities", new Reapi.GetCapabilitiesRequest { InstanceName = "team" }, Cancellation);

    private static async Task<RpcStatus> FailureOfAsync(Func<Task> call) => (await Assert.ThrowsAsync<RpcException>(call)).Status;

    [Fact]
    public async Task Claims_decide_what_a_caller_may_do_where_and_what_he_is_told_of_it()
    {
        await using RpcChannel ci = Connect(Issue("ci")), developer = Connect(Issue("dev")), other = Connect(Issue("other"));

        Assert.Equal(1, (await UpdateAsync(ci)).ExitCode);
        Assert.True((await AskAsync(ci)).CacheCapabilities.ActionCacheUpdateCapabilities.UpdateEnabled);
        Assert.False((await AskAsync(developer)).CacheCapabilities.ActionCacheUpdateCapabilities.UpdateEnabled);
        RpcStatus denied = await FailureOfAsync(() => UpdateAsync(developer)), elsewhere = await FailureOfAsync(() => UpdateAsync(ci, "other")), nothing = await FailureOfAsync(() => UpdateAsync(other));

        Assert.Equal([StatusCode.PermissionDenied, StatusCode.PermissionDenied, StatusCode.PermissionDenied], new[] { denied.Code, elsewhere.Code, nothing.Code });
        Assert.Contains($"ann (jwt of {Issuer}) lacks the right write-ac", denied.Message, StringComparison.Ordinal);
        Assert.Contains("write-ac", nothing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_shows_nothing_good_is_told_what_would_be()
    {
        await using RpcChannel stranger = Connect(null), late = Connect(Issue("ci", TimeSpan.FromMinutes(-2))), forger = Connect(Issue("ci")[..^4] + "AAAA");

        RpcStatus none = await FailureOfAsync(() => AskAsync(stranger)), expired = await FailureOfAsync(() => AskAsync(late)), forged = await FailureOfAsync(() => AskAsync(forger));

        Assert.Equal([StatusCode.Unauthenticated, StatusCode.Unauthenticated, StatusCode.Unauthenticated], new[] { none.Code, expired.Code, forged.Code });
        Assert.Contains($"show a signed token of {Issuer} (Authorization: Bearer", none.Message, StringComparison.Ordinal);
        Assert.Contains("it has expired", expired.Message, StringComparison.Ordinal);
        Assert.Contains("its signature is wrong", forged.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Over_HTTP_it_is_a_bearer_or_a_password()
    {
        using var http = new HttpClient();
        string token = Issue("ci"), path = $"http://{server.Listeners.Single(listener => listener.Kind == ListenerKind.Http).Address}/team/cas/{TestBlob.Random(2, 10).Digest.Hash}";

        Assert.Equal(HttpStatusCode.NotFound, await AskAsync(new AuthenticationHeaderValue("Bearer", token)));
        Assert.Equal(HttpStatusCode.NotFound, await AskAsync(new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"ann:{token}")))));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(new AuthenticationHeaderValue("Bearer", token[..^4] + "AAAA")));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(null));

        async Task<HttpStatusCode> AskAsync(AuthenticationHeaderValue? shown)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Authorization = shown;
            using HttpResponseMessage response = await http.SendAsync(request, Cancellation);
            return response.StatusCode;
        }
    }
}
