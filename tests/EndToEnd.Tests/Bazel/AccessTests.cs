namespace RemoteExec.EndToEnd.Tests.Bazel;

/// <summary>A real Bazel that shows who it is: by a token in a header, or by HTTP basic in an address.</summary>
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

    private static string Header(string token) => $"--remote_header=Authorization=Bearer {token}";

    private async Task<string> CreateAsync(string role)
    {
        await using ChildProcess create = ChildProcess.Start("bash", ["-c", $"{ServerProcess.Program} token create {role}-of-a-test --role {role} --tokens {TokenFile} 2>/dev/null > {files[role]}"]);
        Assert.Equal(0, await create.WaitForExitAsync());
        return (await File.ReadAllTextAsync(files[role], Token)).Trim();
    }
}
