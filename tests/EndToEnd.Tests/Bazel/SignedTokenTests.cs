using RemoteExec.EndToEnd.Tests.Workers;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Bazel;

/// <summary>A real Bazel that shows signed tokens (<c>--remote_header</c>).</summary>
public sealed class SignedTokenTests(SharedWorkspace shared) : IDisposable
{
    private readonly SignedTokens tokens = new();

    public void Dispose() => tokens.Dispose();

    private static string HeaderFlag(string token) => $"--remote_header=Authorization=Bearer {token}";

    [Fact]
    public async Task Who_is_in_the_group_builds_and_others_read_what_was_built()
    {
        BazelWorkspace workspace = await shared.GetCleanAsync();
        await using ServerProcess server = await ServerProcess.StartAsync(["--workers", "2", .. tokens.ServerFlags]);
        string developer = HeaderFlag(tokens.Issue("ann", groups: ["other", "build-app"])), reader = HeaderFlag(tokens.Issue("bob", groups: "other"));

        (await workspace.BuildAsync(server.RemoteExecutorFlag, developer, "//app/...", "//gen/...")).Succeeded().DidAllBy("remote", SampleSources.Actions);

        await workspace.CleanAsync();
        (await workspace.BuildAsync(server.RemoteCacheFlag, reader, "--remote_upload_local_results=false", "//app/...", "//gen/...")).Succeeded().DidAllBy("remote cache hit", SampleSources.Actions);

        workspace.Write("new/BUILD", """genrule(name = "new", outs = ["out.txt"], cmd = "echo $$RANDOM > $@")""");
        BazelRun refused = await workspace.BuildAsync(server.RemoteExecutorFlag, reader, "//new");
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("is not supported by the remote server, or the current account is not authorized to use remote execution", refused.Output, StringComparison.Ordinal); // Bazel's words for exec_enabled
    }

    [Theory]
    [InlineData("none", "this server has to know who calls: show a signed token of https://issuer.example")]
    [InlineData("expired", "the token is not good here: it has expired")]
    [InlineData("changed", "the token is not good here: its signature is wrong")]
    public async Task Without_a_good_token_nothing_is_built_and_it_is_said_why(string which, string reason)
    {
        BazelWorkspace workspace = await shared.GetCleanAsync();
        await using ServerProcess server = await ServerProcess.StartAsync(["--workers", "0", .. tokens.ServerFlags]);
        string token = which == "expired" ? tokens.Issue("ann", TimeSpan.FromMinutes(-5), "build-app") : tokens.Issue("ann", groups: "build-app");
        string[] flags = which == "none" ? [] : [HeaderFlag(which == "changed" ? token[..^8] + "AAAAAAAA" : token)];

        BazelRun run = await workspace.BuildAsync([server.RemoteCacheFlag, .. flags, "//gen:use"]);

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains(reason, run.Output, StringComparison.Ordinal);
        Assert.Contains("UNAUTHENTICATED", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(token, server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_asked_for_an_action_stands_in_what_is_signed_of_it()
    {
        Requires.Program("openssl", "openssl");
        using var files = new TemporaryDirectory();
        await using ChildProcess openssl = ChildProcess.Start("bash", ["-euc", "openssl ecparam -name prime256v1 -genkey -noout -out key.pem; openssl ec -in key.pem -pubout -out key.pub"], files.FullPath);
        Assert.True(await openssl.WaitForExitAsync() == 0, openssl.Output);
        await using ServerProcess server = await ServerProcess.StartAsync(["--workers", "1", .. tokens.ServerFlags, "--set", $"execution.provenance.keyFile={files["key.pem"]}"]);
        string token = tokens.Issue("ann", groups: "build-app");
        await using var channel = new RpcChannel(RpcAddress.Parse(server.GrpcAddress), new RpcChannelOptions { Authorization = () => $"Bearer {token}" });
        (TestBlob action, Reapi.ExecuteResponse response) = await ShellActions.RunCachedAsync(channel, "echo done");
        Assert.Equal(0, response.Result.ExitCode);

        string reader = tokens.Issue("bob");
        await using ChildProcess program = ChildProcess.Start(
            ServerProcess.Program, ["verify-result", $"{action.Digest.Hash}/{action.Digest.SizeBytes}", "--key", files["key.pub"], "--server", server.GrpcAddress],
            environment: new Dictionary<string, string?> { ["REMOTEEXEC_TOKEN"] = reader });

        Assert.True(await program.WaitForExitAsync() == 0, program.Output);
        Assert.Contains("asked for by  ann (jwt of https://issuer.example)\n", program.Output, StringComparison.Ordinal);
    }
}
