using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Build.Bazel.Remote.Execution.V2;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Configuration;
using RemoteExec.Server.Hosting;

namespace RemoteExec.Server.Tests.Auth;

/// <summary>Callers who show certificates.</summary>
public sealed class CertificateTests : IAsyncLifetime
{
    private readonly TemporaryDirectory data = new();
    private readonly X509Certificate2 root = TestCertificates.IssueAuthority("root"), other = TestCertificates.IssueAuthority("root"); // of the same name
    private RunningServer server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        using X509Certificate2 leaf = TestCertificates.Issue("localhost", root);
        TestCertificates.Write(leaf, data["tls.pem"], data["tls.key"]);
        await File.WriteAllTextAsync(data["root.pem"], root.ExportCertificatePem(), Token);
        await File.WriteAllTextAsync(data["tokens"], "", Token);
        server = await TestServers.StartAsync(
            data, $"listeners.tls={{certificate: {data["tls.pem"]}, key: {data["tls.key"]}}}", $"auth.tokens.file={data["tokens"]}", "listeners.workers=127.0.0.1:0",
            $"auth.certificates={{ca: {data["root.pem"]}, rules: [{{subject: 'CN=ci-*', role: ci}}, {{san: '*.dev', role: developer, instances: [team]}}, {{subject: 'CN=w', san: w, role: worker}}]}}");
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        root.Dispose();
        other.Dispose();
        data.Dispose();
    }

    [Theory]
    [InlineData("ci-main", "team", null)]
    [InlineData("ci-main", "other", null)]
    [InlineData("ann.dev", "team", "ann.dev (certificate) lacks the right write-ac in any instance")]
    [InlineData("w", "team", "w (certificate) lacks the right write-ac in any instance")]
    [InlineData("ann", "team", "the certificate of 'ann' is good, but fits no rule of the server's auth.certificates.rules")]
    [InlineData("not-ci-main", "team", "the certificate of 'not-ci-main' is good, but fits no rule of the server's auth.certificates.rules")]
    public async Task Names_of_a_certificate_have_roles_by_rules(string name, string instance, string? refusal)
    {
        using X509Certificate2 certificate = TestCertificates.Issue(name, root, TestCertificates.ForClients);

        Assert.Equal(refusal, await UpdateAsync(certificate, instance));
    }

    [Fact]
    public async Task A_certificate_that_is_bad_is_none_and_a_header_counts_first()
    {
        const string NotGood = "the certificate is not good here: it has expired, is not for clients, or is of another authority";
        using X509Certificate2 good = TestCertificates.Issue("ci-x", root);
        using X509Certificate2 foreign = TestCertificates.Issue("ci-x", other), forServers = TestCertificates.Issue("ci-x", root, TestCertificates.ForServers), old = TestCertificates.Issue("ci-x", root, until: TimeProvider.System.GetUtcNow().AddDays(-1));
        string reader = AccessServer.Create(data["tokens"], "reader");

        Assert.Equal(NotGood, await UpdateAsync(foreign));
        Assert.Equal(NotGood, await UpdateAsync(forServers));
        Assert.Equal(NotGood, await UpdateAsync(old));
        Assert.StartsWith("this server has to know who calls: show a token", await UpdateAsync(null), StringComparison.Ordinal);
        Assert.Contains("a certificate", await UpdateAsync(null), StringComparison.Ordinal);
        while (await UpdateAsync(good, authorization: AccessServer.Bearer(reader)) is "the token is not good here: it may be of another server, or not all of it was sent")
            await Task.Delay(20, Token);
        Assert.Equal("the reader (token) lacks the right write-ac in any instance", await UpdateAsync(good, authorization: AccessServer.Bearer(reader)));
        Assert.Contains("of no kind that this server takes", await UpdateAsync(good, authorization: "Bearer mistyped"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task HTTP_and_workers_know_certificates_too()
    {
        using X509Certificate2 ci = TestCertificates.Issue("ci-x", root), worker = TestCertificates.Issue("w", root);
        TestBlob blob = TestBlob.Random(1, 100);

        Assert.Equal(System.Net.HttpStatusCode.Created, await PutAsync(ci));
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, await PutAsync(null));
        Assert.Null(await CallAsync<GetCapabilitiesRequest, ServerCapabilities>(worker, ListenerKind.Workers, "Capabilities/GetCapabilities", new GetCapabilitiesRequest()));
        Assert.StartsWith("w (certificate) lacks the right read-cas or write-cas in any instance", await FindAsync(worker), StringComparison.Ordinal); // without a lease
        Assert.Equal("ci-x (certificate) lacks the right work for all instances", await FindAsync(ci));

        async Task<System.Net.HttpStatusCode> PutAsync(X509Certificate2? certificate)
        {
            using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, SslOptions = SslOf(certificate) });
            int port = server.Listeners.First(listener => listener.Kind == ListenerKind.Http).Address.EndPoint!.Port;
            using var content = new ByteArrayContent(blob.Content);
            using HttpResponseMessage response = await http.PutAsync(new Uri($"https://localhost:{port}/cas/{blob.Digest.Hash}"), content, Token);
            return response.StatusCode;
        }

        Task<string?> FindAsync(X509Certificate2 certificate) => CallAsync<FindMissingBlobsRequest, FindMissingBlobsResponse>(
            certificate, ListenerKind.Workers, "ContentAddressableStorage/FindMissingBlobs", new FindMissingBlobsRequest { BlobDigests = { blob.Digest.ToProto() } });
    }

    [Theory]
    [InlineData("{ca: /etc/ca.pem}", "auth.certificates.rules: is empty")]
    [InlineData("{rules: [{subject: '*', role: ci}]}", "auth.certificates.ca: is missing")]
    [InlineData("{ca: /etc/ca.pem, rules: [{role: ci}]}", "auth.certificates.rules[0].subject: is missing, and san too")]
    [InlineData("{ca: /etc/ca.pem, rules: [{subject: '*'}]}", "auth.certificates.rules[0].role: is missing")]
    [InlineData("{ca: /etc/ca.pem, rules: [{subject: '*', role: boss}]}", "auth.certificates.rules: there is no role 'boss'")]
    [InlineData("{ca: /etc/ca.pem, rules: [{subject: '*', role: ci}]}", "auth.certificates: needs TLS")]
    public void Settings_that_make_no_sense_are_told(string certificates, string words)
    {
        ConfigException exception = Assert.Throws<ConfigException>(() => new ConfigLoader().AddSetting($"auth.certificates={certificates}").Load());

        Assert.Contains(exception.Problems, problem => problem.ToString().Contains(words, StringComparison.Ordinal));
    }

    private Task<string?> UpdateAsync(X509Certificate2? certificate, string instance = "team", string? authorization = null) => CallAsync<UpdateActionResultRequest, ActionResult>(
        certificate, ListenerKind.Grpc, "ActionCache/UpdateActionResult",
        new UpdateActionResultRequest { InstanceName = instance, ActionDigest = TestBlob.Random(2, 10).Digest.ToProto(), ActionResult = new ActionResult { ExitCode = 1 } }, authorization);

    private async Task<string?> CallAsync<TRequest, TResponse>(X509Certificate2? certificate, ListenerKind kind, string method, TRequest request, string? authorization = null)
        where TRequest : class, Google.Protobuf.IMessage<TRequest>
        where TResponse : class, Google.Protobuf.IMessage<TResponse>, new()
    {
        int port = server.Listeners.First(listener => listener.Kind == kind).Address.EndPoint!.Port;
        await using var channel = new RpcChannel(RpcAddress.Parse($"grpcs://localhost:{port}"), new RpcChannelOptions { Ssl = SslOf(certificate), Authorization = () => authorization });
        try
        {
            await channel.UnaryAsync<TRequest, TResponse>("/build.bazel.remote.execution.v2." + method, request, Token);
            return null;
        }
        catch (RpcException exception) when (exception.Code is StatusCode.Unauthenticated or StatusCode.PermissionDenied)
        {
            return exception.Status.Message;
        }
    }

    private SslClientAuthenticationOptions SslOf(X509Certificate2? certificate)
    {
        SslClientAuthenticationOptions ssl = RpcTrust.InPemFile(data["root.pem"]);
        if (certificate is null)
            return ssl;
        TestCertificates.Write(certificate, data["client.pem"], data["client.key"]);
        return ssl.Showing(data["client.pem"], data["client.key"]);
    }
}
