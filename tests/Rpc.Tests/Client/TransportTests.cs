using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Grpc.Health.V1;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Rpc.Tests.Client;

public sealed class TransportTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("rpc-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private static Task<TestServer> StartAsync(Action<KestrelServerOptions> listen, Action<string>? peer = null) => TestServer.StartAsync(
        [Methods.ServeUnary((_, call) =>
        {
            peer?.Invoke(call.Peer);
            return Task.FromResult(new HealthCheckResponse());
        })],
        new(), listen);

    private static Task<TestServer> StartTlsAsync(X509Certificate2 certificate) => StartAsync(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
    {
        listen.Protocols = HttpProtocols.Http2;
        listen.UseHttps(certificate);
    }));

    [Fact]
    public async Task TLS_with_a_root_of_ones_own_is_trusted()
    {
        using X509Certificate2 certificate = TestCertificate.SelfSigned("localhost");
        await using TestServer server = await StartTlsAsync(certificate);
        await using var channel = new RpcChannel(
            RpcAddress.Parse($"grpcs://localhost:{server.Url.Port}"), new() { Ssl = RpcTrust.InRoots([certificate]) });

        Assert.NotNull(await channel.CheckAsync());
    }

    [Fact]
    public async Task Roots_are_read_from_a_PEM_file()
    {
        using X509Certificate2 certificate = TestCertificate.SelfSigned("localhost");
        string path = Path.Combine(directory, "ca.pem");
        await File.WriteAllTextAsync(path, certificate.ExportCertificatePem(), Methods.Token);
        await using TestServer server = await StartTlsAsync(certificate);
        await using var channel = new RpcChannel(RpcAddress.Parse($"grpcs://localhost:{server.Url.Port}"), new() { Ssl = RpcTrust.InPemFile(path) });

        Assert.NotNull(await channel.CheckAsync());
    }

    [Fact]
    public async Task A_certificate_of_another_root_or_another_name_is_UNAVAILABLE()
    {
        using X509Certificate2 certificate = TestCertificate.SelfSigned("localhost");
        using X509Certificate2 stranger = TestCertificate.SelfSigned("localhost");
        await using TestServer server = await StartTlsAsync(certificate);
        (string Host, SslClientAuthenticationOptions? Trust)[] bad =
            [("localhost", null), ("localhost", RpcTrust.InRoots([stranger])), ("127.0.0.1", RpcTrust.InRoots([certificate]))];

        foreach ((string host, SslClientAuthenticationOptions? trust) in bad)
        {
            await using var channel = new RpcChannel(RpcAddress.Parse($"grpcs://{host}:{server.Url.Port}"), new() { Ssl = trust });
            RpcException exception = await channel.CheckFailsAsync();
            Assert.Equal(StatusCode.Unavailable, exception.Code);
            Assert.Contains($"cannot connect to grpcs://{host}:{server.Url.Port}", exception.Status.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("localhost", true)]
    [InlineData("other.test", false)]
    public async Task A_server_that_is_called_by_its_address_has_the_name_that_is_given(string name, bool isRight)
    {
        using X509Certificate2 certificate = TestCertificate.SelfSigned("localhost");
        await using TestServer server = await StartTlsAsync(certificate);
        await using var channel = new RpcChannel(RpcAddress.Parse($"grpcs://127.0.0.1:{server.Url.Port}"), new() { Ssl = RpcTrust.InRoots([certificate]), ServerName = name });

        if (isRight)
            Assert.NotNull(await channel.CheckAsync());
        else
            Assert.Equal(StatusCode.Unavailable, (await channel.CheckFailsAsync()).Code);
    }

    [Fact]
    public async Task TLS_to_a_plain_port_fails_and_tells_that_TLS_did()
    {
        await using TestServer server = await StartAsync(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        await using var channel = new RpcChannel(RpcAddress.Parse($"grpcs://localhost:{server.Url.Port}"));

        Assert.Contains($"cannot connect to grpcs://localhost:{server.Url.Port}: the TLS handshake failed: ", (await channel.CheckFailsAsync()).Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_socket_that_is_not_there_is_told_as_such()
    {
        string path = Path.Combine(directory, "none");
        await using var channel = new RpcChannel(RpcAddress.Parse($"unix:{path}"));

        Assert.EndsWith($"cannot connect to unix:{path}: there is no such socket", (await channel.CheckFailsAsync()).Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plain_gRPC_to_a_port_of_TLS_fails_clearly()
    {
        using X509Certificate2 certificate = TestCertificate.SelfSigned("localhost");
        await using TestServer server = await StartTlsAsync(certificate);
        await using var channel = new RpcChannel(RpcAddress.Parse($"grpc://localhost:{server.Url.Port}"));

        Assert.Equal(StatusCode.Unavailable, (await channel.CheckFailsAsync()).Code);
    }

    [Fact]
    public async Task UNIX_sockets_carry_calls()
    {
        string path = Path.Combine(directory, "socket");
        string? peer = null;
        await using TestServer server = await StartAsync(
            kestrel => kestrel.ListenUnixSocket(path, listen => listen.Protocols = HttpProtocols.Http2), seen => peer = seen);
        await using var channel = new RpcChannel(RpcAddress.Parse($"unix:{path}"));

        Assert.NotNull(await channel.CheckAsync());
        Assert.Equal("unix", peer);
    }
}
