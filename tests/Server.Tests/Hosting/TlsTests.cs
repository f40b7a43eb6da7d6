using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Hosting;

namespace RemoteExec.Server.Tests.Hosting;

public sealed class TlsTests
{
    [Fact]
    public async Task With_a_certificate_gRPC_and_HTTP_are_encrypted()
    {
        using var data = new TemporaryDirectory();
        string thumbprint = WriteCertificate(data["tls.pem"], data["tls.key"]);
        await using RunningServer server = await TestServers.StartAsync(data, $"listeners.tls.certificate={data["tls.pem"]}", $"listeners.tls.key={data["tls.key"]}");
        var options = new RpcChannelOptions { Ssl = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.GetCertHashString() == thumbprint } };
        await using RpcChannel channel = TestServers.Connect(server, options: options);

        Reapi.ServerCapabilities capabilities = await channel.UnaryAsync<Reapi.GetCapabilitiesRequest, Reapi.ServerCapabilities>(
            "/build.bazel.remote.execution.v2.Capabilities/GetCapabilities", new Reapi.GetCapabilitiesRequest(), TestContext.Current.CancellationToken);

        Assert.NotNull(capabilities.CacheCapabilities);
        using var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, certificate, _, _) => certificate?.Thumbprint == thumbprint };
        using var http = new HttpClient(handler);
        ListenAddress address = server.Listeners.Single(listener => listener.Kind == ListenerKind.Http).Address;
        HttpResponseMessage response = await http.GetAsync($"https://{address}/cas/{new string('0', 64)}", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task Clients_that_know_only_the_root_are_shown_the_way_to_it()
    {
        using var data = new TemporaryDirectory();
        using X509Certificate2 root = TestCertificates.IssueAuthority("root");
        using X509Certificate2 between = TestCertificates.IssueAuthority("between", root);
        using X509Certificate2 leaf = TestCertificates.Issue("localhost", between);
        TestCertificates.Write(leaf, data["tls.pem"], data["tls.key"], between);
        await using RunningServer server = await TestServers.StartAsync(data, $"listeners.tls.certificate={data["tls.pem"]}", $"listeners.tls.key={data["tls.key"]}");
        int port = server.Listeners.Single(listener => listener.Kind == ListenerKind.Grpc).Address.EndPoint!.Port;
        await using var channel = new RpcChannel(RpcAddress.Parse($"grpcs://localhost:{port}"), new RpcChannelOptions { Ssl = RpcTrust.InRoots([root]) });

        Reapi.ServerCapabilities capabilities = await channel.UnaryAsync<Reapi.GetCapabilitiesRequest, Reapi.ServerCapabilities>(
            "/build.bazel.remote.execution.v2.Capabilities/GetCapabilities", new Reapi.GetCapabilitiesRequest(), TestContext.Current.CancellationToken);

        Assert.NotNull(capabilities.CacheCapabilities);
    }

    private static string WriteCertificate(string certificatePath, string keyPath)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        File.WriteAllText(certificatePath, certificate.ExportCertificatePem());
        File.WriteAllText(keyPath, key.ExportPkcs8PrivateKeyPem());
        return certificate.Thumbprint;
    }
}
