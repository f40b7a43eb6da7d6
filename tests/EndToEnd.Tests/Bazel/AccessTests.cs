namespace RemoteExec.EndToEnd.Tests.Bazel;

/// <summary>A real Bazel that shows who it is: by a token in a header, by HTTP basic in an address, by a certificate that openssl made.</summary>
public sealed class AccessTests(SharedWorkspace shared) : IDisposable
{
    private readonly TemporaryDirectory files = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string TokenFile => files["tokens"];

    public void Dispose() => files.Dispose();

    [Fact]
    public async Task CI_fills_the_cache_others_read_it_and_only_who_may_executes()
    {
        BazelWorkspace workspace = await shared.GetCleanAsync();
        string ci = Header(await CreateAsync("ci")), reader = Header(await CreateAsync("reader")), developer = Header(await CreateAsync("developer"));
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "2", "--set", $"auth.tokens.file={TokenFile}");

        (await workspace.BuildAsync(server.RemoteCacheFlag, ci, "//app/...", "//gen/...")).Succeeded();
        await workspace.CleanAsync();
        (await workspace.BuildAsync(server.RemoteCacheFlag, reader, "--remote_upload_local_results=false", "//app/...", "//gen/...")).Succeeded().DidAllBy("remote cache hit", SampleSources.Actions);

        workspace.Write("new/BUILD", """genrule(name = "new", outs = ["out.txt"], cmd = "echo new > $@")""");
        (await workspace.BuildAsync(server.RemoteExecutorFlag, developer, "//new")).Succeeded().DidAllBy("remote");
        BazelRun refused = await workspace.BuildAsync(server.RemoteCacheFlag, "//new");
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("this server has to know who calls: show a token", refused.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("rxt_", server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Over_HTTP_the_token_is_the_password_in_the_address()
    {
        BazelWorkspace workspace = await shared.GetCleanAsync();
        string token = await CreateAsync("ci");
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0", "--set", $"auth.tokens.file={TokenFile}");
        string flag = $"--remote_cache=http://bazel:{token}@{server.HttpAddress}";

        (await workspace.BuildAsync(flag, "//gen/...")).Succeeded();
        await workspace.CleanAsync();

        (await workspace.BuildAsync(flag, "//gen/...")).Succeeded().DidAllBy("remote cache hit");
    }

    [Fact]
    public async Task A_certificate_of_the_right_authority_and_name_will_do()
    {
        Requires.Program("openssl", "openssl");
        await using ChildProcess openssl = ChildProcess.Start("bash", ["-euc", """
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=authority' -keyout ca.key -out ca.pem
            issue() {
              openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$2" -keyout "$1.ec" -out "$1.csr"
              openssl pkcs8 -topk8 -nocrypt -in "$1.ec" -out "$1.key"
              openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -extfile <(printf "$3") -out "$1.pem"
            }
            issue server '/CN=localhost' 'subjectAltName=DNS:localhost,IP:127.0.0.1'
            issue ci '/O=Example/CN=ci-main' 'extendedKeyUsage=clientAuth'
            issue guest '/O=Example/CN=guest' 'extendedKeyUsage=clientAuth'
            """], files.FullPath);
        Assert.True(await openssl.WaitForExitAsync() == 0, openssl.Output);
        BazelWorkspace workspace = await shared.GetCleanAsync();
        await using ServerProcess server = await ServerProcess.StartAsync(
            "--workers", "2", "--set", $"listeners.tls={{certificate: {files["server.pem"]}, key: {files["server.key"]}}}",
            "--set", $"auth.certificates={{ca: {files["ca.pem"]}, rules: [{{subject: 'CN=ci-*, O=Example', role: ci}}]}}");
        string[] flags = [$"--remote_executor=grpcs://{server.GrpcAddress}", $"--tls_certificate={files["ca.pem"]}"];

        (await workspace.BuildAsync([.. flags, .. Certificate("ci"), "//gen/..."])).Succeeded().DidAllBy("remote");
        BazelRun stranger = await workspace.BuildAsync([.. flags, "//gen/..."]), guest = await workspace.BuildAsync([.. flags, .. Certificate("guest"), "//gen/..."]);

        Assert.All([stranger, guest], run => Assert.NotEqual(0, run.ExitCode));
        Assert.Contains("this server has to know who calls: show a certificate", stranger.Output, StringComparison.Ordinal);
        Assert.Contains("the certificate of 'guest' is good, but fits no rule", guest.Output, StringComparison.Ordinal);

        string[] Certificate(string name) => [$"--tls_client_certificate={files[name + ".pem"]}", $"--tls_client_key={files[name + ".key"]}"];
    }

    private static string Header(string token) => $"--remote_header=Authorization=Bearer {token}";

    private async Task<string> CreateAsync(string role)
    {
        await using ChildProcess create = ChildProcess.Start("bash", ["-c", $"{ServerProcess.Program} token create {role}-of-a-test --role {role} --tokens {TokenFile} 2>/dev/null > {files[role]}"]);
        Assert.Equal(0, await create.WaitForExitAsync());
        return (await File.ReadAllTextAsync(files[role], Token)).Trim();
    }
}
