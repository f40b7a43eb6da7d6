namespace RemoteExec.EndToEnd.Tests;

/// <summary>Clients of others, with certificates that openssl made: curl, and gRPC for Python. (Bazel as Debian builds it knows no TLS for gRPC.)</summary>
public sealed class ClientCertificateTests : IAsyncLifetime
{
    private const string Call = """
        import grpc, sys
        address, authority, name = sys.argv[1:4]
        read = lambda file: open(file, "rb").read()
        shown = (read(name + ".key"), read(name + ".pem")) if name != "none" else (None, None)
        channel = grpc.secure_channel(address, grpc.ssl_channel_credentials(read(authority), *shown))
        try:
            channel.unary_unary("/build.bazel.remote.execution.v2.Capabilities/GetCapabilities")(b"")
            print("served")
        except grpc.RpcError as error:
            print(error.code().name, error.details())
        """;

    private readonly TemporaryDirectory files = new();
    private ServerProcess server = null!;

    public async ValueTask InitializeAsync()
    {
        Requires.Program("openssl", "openssl");
        await RunAsync("""
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=authority' -keyout ca.key -out ca.pem
            issue() {
              openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$2" -keyout "$1.key" -out "$1.csr"
              openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -extfile <(printf "$3") -out "$1.pem"
            }
            issue server '/CN=localhost' 'subjectAltName=DNS:localhost,IP:127.0.0.1'
            issue ci '/O=Example/CN=ci-main' 'extendedKeyUsage=clientAuth'
            issue ann '/O=Example/CN=Ann' 'extendedKeyUsage=clientAuth\nsubjectAltName=email:ann@team-a.example.com'
            issue guest '/O=Example/CN=guest' 'extendedKeyUsage=clientAuth'
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/O=Example/CN=ci-main' -keyout self.key -out self.pem
            """);
        server = await ServerProcess.StartAsync(
            "--workers", "0", "--set", $"listeners.tls={{certificate: {files["server.pem"]}, key: {files["server.key"]}}}",
            "--set", $"auth.certificates={{ca: {files["ca.pem"]}, rules: [{{subject: 'CN=ci-*, O=Example', role: ci}}, {{san: '*@team-a.example.com', role: reader}}]}}");
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        files.Dispose();
    }

    [Theory]
    [InlineData("ci", "served", 201)]
    [InlineData("ann", "served", 403)]
    [InlineData("guest", "UNAUTHENTICATED the certificate of 'guest' is good, but fits no rule of the server's auth.certificates.rules", 401)]
    [InlineData("self", "UNAUTHENTICATED the certificate is not good here: it has expired, is not for clients, or is of another authority", 401)]
    [InlineData("none", "UNAUTHENTICATED this server has to know who calls: show a certificate", 401)]
    public async Task A_certificate_of_the_right_authority_and_name_will_do(string name, string answer, int status)
    {
        Requires.Program("curl", "curl");
        Requires.True(await IsPythonThereAsync(), "gRPC for Python is not installed: apt-get install python3-grpcio");
        TestBlob blob = TestBlob.Random(1, 100);
        await File.WriteAllBytesAsync(files["blob"], blob.Content, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(files["call.py"], Call, TestContext.Current.CancellationToken);
        string shown = name == "none" ? "" : $"--cert {name}.pem --key {name}.key";

        Assert.Equal(answer, await RunAsync($"/usr/bin/python3 call.py {server.GrpcAddress} ca.pem {name} 2>/dev/null"));
        Assert.Equal($"{status}", await RunAsync($"curl -sS -o /dev/null -w '%{{http_code}}' --cacert ca.pem {shown} -T blob https://{server.HttpAddress}/cas/{blob.Digest.Hash}"));
    }

    private async Task<bool> IsPythonThereAsync() => await RunAsync("/usr/bin/python3 -c 'import grpc' >/dev/null 2>&1 && echo yes || echo no") == "yes";

    private async Task<string> RunAsync(string script)
    {
        await using ChildProcess bash = ChildProcess.Start("bash", ["-euc", script], files.FullPath);
        Assert.True(await bash.WaitForExitAsync() == 0, bash.Output);
        return bash.Output.Trim();
    }
}
