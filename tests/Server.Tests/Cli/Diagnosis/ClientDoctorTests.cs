using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using RemoteExec.Server.Hosting;
using RemoteExec.Server.Tests.Auth;

namespace RemoteExec.Server.Tests.Cli.Diagnosis;

/// <summary>What <c>remoteexec doctor</c> finds on the way to real servers.</summary>
public sealed class ClientDoctorTests : IDisposable
{
    private readonly TemporaryDirectory data = new();
    private readonly X509Certificate2 root = TestCertificates.IssueAuthority("root");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        data.Dispose();
        root.Dispose();
    }

    [Fact]
    public async Task A_server_that_is_well_has_nothing_that_fails()
    {
        await using RunningServer server = await TestServers.StartAsync(data);

        CommandRun run = await CommandRun.RunAsync("doctor", $"grpc://{AddressOf(server)}");

        string output = run.Succeeded();
        foreach (string name in new[] { "name", "port", "http/2", "caller", "api", "cache", "clock", "latency", "throughput", "proxy" })
            Assert.Matches($@"(?m)^(ok|warn|-) +{name} ", output);
    }

    [Fact]
    public async Task JSON_has_each_finding()
    {
        await using RunningServer server = await TestServers.StartAsync(data);

        JsonElement findings = JsonDocument.Parse((await CommandRun.RunAsync("doctor", $"grpc://{AddressOf(server)}", "--json")).Succeeded()).RootElement;

        JsonElement port = Assert.Single(findings.EnumerateArray(), finding => finding.GetProperty("name").GetString() == "port");
        Assert.Equal("ok", port.GetProperty("level").GetString());
    }

    [Fact]
    public async Task Wrong_ports_and_schemes_are_told_with_the_right_ones()
    {
        using X509Certificate2 leaf = TestCertificates.Issue("localhost", root);
        await using RunningServer plain = await TestServers.StartAsync(data);
        using var other = new TemporaryDirectory();
        await using RunningServer encrypted = await TestServers.StartAsync(other, TlsOf(leaf));

        Assert.Contains("the port wants TLS", await FailureAsync($"grpc://localhost:{AddressOf(encrypted).Split(':')[1]}"), StringComparison.Ordinal);
        Assert.Contains($"write grpc://{AddressOf(plain)}", await FailureAsync($"grpcs://{AddressOf(plain)}"), StringComparison.Ordinal);
        Assert.Contains("the port speaks HTTP/1.1 only", await FailureAsync($"grpc://{AddressOf(plain, ListenerKind.Http)}"), StringComparison.Ordinal);
        Assert.Contains("nobody listens on 127.0.0.1:1", await FailureAsync("grpc://127.0.0.1:1"), StringComparison.Ordinal);
        Assert.Contains("check the spelling", await FailureAsync("grpc://no-such-host.invalid:8980"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_is_looked_at_before_anything_is_sent()
    {
        using X509Certificate2 leaf = TestCertificates.Issue("localhost", root);
        await File.WriteAllTextAsync(data["root.pem"], root.ExportCertificatePem(), Token);
        await using RunningServer server = await TestServers.StartAsync(data, TlsOf(leaf));
        string port = AddressOf(server).Split(':')[1];

        CommandRun good = await CommandRun.RunAsync("doctor", $"grpcs://localhost:{port}", "--ca", data["root.pem"]);

        Assert.Matches(@"warn +tls +Tls\d+, HTTP/2; the certificate of CN=localhost is good for \d+ days\n +have it renewed", good.Succeeded());
        Assert.Contains("nobody who is trusted here vouches for the certificate of CN=localhost, by CN=root", await FailureAsync($"grpcs://localhost:{port}"), StringComparison.Ordinal);
        Assert.Contains("the certificate is not for 127.0.0.1, but for localhost", await FailureAsync($"grpcs://127.0.0.1:{port}", "--ca", data["root.pem"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_has_ended_is_told_with_its_day()
    {
        using X509Certificate2 leaf = TestCertificates.Issue("localhost", root, until: TimeProvider.System.GetUtcNow().AddHours(-1));
        await File.WriteAllTextAsync(data["root.pem"], root.ExportCertificatePem(), Token);
        await using RunningServer server = await TestServers.StartAsync(data, TlsOf(leaf));

        Assert.Matches(@"has ended on \d{4}-\d\d-\d\d", await FailureAsync($"grpcs://localhost:{AddressOf(server).Split(':')[1]}", "--ca", data["root.pem"]));
    }

    [Fact]
    public async Task Who_has_to_show_something_is_told_so_and_who_may_only_read_too()
    {
        await using AccessServer server = await AccessServer.StartAsync();
        string address = $"grpc://{AddressOf(server.Server)}";
        string reader = server.Create("reader");
        await server.WaitForAsync(reader, isGood: true);
        await File.WriteAllTextAsync(data["token"], reader, Token);

        string stranger = await FailureAsync(address);
        string known = (await CommandRun.RunAsync("doctor", address, "--token-file", data["token"])).Succeeded();

        Assert.Matches("FAIL +caller +this server has to know who calls", stranger);
        Assert.Contains("what is shown is taken", known, StringComparison.Ordinal);
        Assert.Contains("who shows nothing is turned away", known, StringComparison.Ordinal);
        Assert.Matches("warn +cache +read only for this caller", known);
        Assert.Matches("- +throughput +this caller may not upload blobs", known);
        Assert.DoesNotContain(reader, known, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_instance_that_there_is_not_is_a_failure()
    {
        await using RunningServer server = await TestServers.StartAsync(data);

        Assert.Matches("FAIL +instance .*\n +the server does not have the instance 'a/blobs'", await FailureAsync($"grpc://{AddressOf(server)}", "--instance", "a/blobs"));
    }

    [Fact]
    public async Task Repairs_need_a_directory() =>
        Assert.Contains("--repair is about a data directory: name it, --data ", (await CommandRun.RunAsync("doctor", "--repair")).Error, StringComparison.Ordinal);

    private static string AddressOf(RunningServer server, ListenerKind kind = ListenerKind.Grpc) => server.Listeners.First(listener => listener.Kind == kind).Address.ToString();

    private static async Task<string> FailureAsync(string address, params string[] flags)
    {
        CommandRun run = await CommandRun.RunAsync(["doctor", address, .. flags]);
        Assert.Equal((1, ""), (run.Code, run.Error));
        return run.Output;
    }

    private string TlsOf(X509Certificate2 certificate)
    {
        TestCertificates.Write(certificate, data["tls.pem"], data["tls.key"]);
        return $"listeners.tls={{certificate: {data["tls.pem"]}, key: {data["tls.key"]}}}";
    }
}
