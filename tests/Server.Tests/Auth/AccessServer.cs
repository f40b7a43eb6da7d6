using System.Net.Http.Headers;
using System.Text;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Auth;
using RemoteExec.Server.Auth.Tokens;
using RemoteExec.Server.Hosting;

namespace RemoteExec.Server.Tests.Auth;

/// <summary>A whole server in this process that tells callers apart by tokens, and what makes these tokens.</summary>
internal sealed class AccessServer : IAsyncDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false });

    private AccessServer()
    {
    }

    public TemporaryDirectory Data { get; } = new();

    public RunningServer Server { get; private set; } = null!;

    public RpcChannel Channel { get; private set; } = null!;

    public string HttpAddress => $"http://{Server.Listeners.First(listener => listener.Kind == ListenerKind.Http).Address}";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string TokenFile => Data["tokens"];

    public static async Task<AccessServer> StartAsync(params IEnumerable<string> settings)
    {
        var access = new AccessServer();
        await File.WriteAllTextAsync(access.TokenFile, "# tokens\n", Token);
        access.Server = await TestServers.StartAsync(access.Data, [$"auth.tokens.file={access.TokenFile}", .. settings]);
        access.Channel = TestServers.Connect(access.Server);
        return access;
    }

    /// <summary>Makes a token; servers that run know it when they look at the file again.</summary>
    public string Create(string role, string[]? instances = null, DateTimeOffset? expires = null) => Create(TokenFile, role, instances, expires);

    public static string Create(string file, string role, string[]? instances = null, DateTimeOffset? expires = null)
    {
        TokenSecret secret = TokenSecret.New();
        AddedLines.Add(file, TokenLines.Format(new ApiToken { Id = secret.Id, Name = $"the {role}", Hash = Convert.ToHexStringLower(secret.Hash), Role = role, Instances = instances ?? [], Expires = expires }));
        return secret.Text;
    }

    /// <summary>Takes a token away.</summary>
    public void Revoke(string token) => AddedLines.Add(TokenFile, TokenLines.Format(new ApiToken { Id = token.Split('_')[1], Revoked = DateTimeOffset.UnixEpoch }));

    /// <summary>Waits until the server has looked at the file of tokens again.</summary>
    public async Task WaitForAsync(string token, bool isGood)
    {
        while ((await OutcomeAsync("/build.bazel.remote.execution.v2.Capabilities/GetCapabilities", new Reapi.GetCapabilitiesRequest(), Bearer(token))).Code == StatusCode.Unauthenticated == isGood)
            await Task.Delay(20, Token);
    }

    public static string Bearer(string token) => $"Bearer {token}";

    public static string Basic(string user, string password) => $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"))}";

    /// <summary>How a call begins that sends one message: OK if it answers or ends well.</summary>
    public Task<RpcStatus> OutcomeAsync(string method, Google.Protobuf.IMessage request, string? authorization, params (string Key, string Value)[] headers) => OutcomeAsync(Channel, method, request, authorization, headers);

    /// <summary>The same at another server, or listener.</summary>
    public static async Task<RpcStatus> OutcomeAsync(RpcChannel channel, string method, Google.Protobuf.IMessage request, string? authorization, params (string Key, string Value)[] headers)
    {
        var metadata = new RpcMetadata();
        if (authorization is not null)
            metadata.Add("authorization", authorization);
        foreach ((string key, string value) in headers)
            metadata.Add(key, value);
        await using RpcClientCall call = channel.Open(method, new RpcCallOptions { Headers = metadata }, Token);
        try
        {
            if (await call.WriteAsync(request))
                await call.CompleteRequestsAsync();
            await call.MoveNextAsync();
            return RpcStatus.Ok;
        }
        catch (RpcException exception)
        {
            return exception.Status;
        }
    }

    /// <summary>What a request over HTTP is answered.</summary>
    public async Task<(int Status, string Body, HttpResponseHeaders Headers)> AskAsync(string method, string path, string? authorization, byte[]? body = null, string contentType = "application/json")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), HttpAddress + path);
        if (authorization is not null)
            request.Headers.TryAddWithoutValidation("authorization", authorization);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        }

        using HttpResponseMessage response = await http.SendAsync(request, Token);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Token), response.Headers);
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await Channel.DisposeAsync();
        await Server.DisposeAsync();
        Data.Dispose();
    }
}
