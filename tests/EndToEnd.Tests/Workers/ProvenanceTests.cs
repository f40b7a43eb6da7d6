using Google.Protobuf;
using RemoteExec.EndToEnd.Tests.Cluster;
using RemoteExec.Execution.Provenance;
using RemoteExec.Protocol.Provenances;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Workers;

/// <summary>The real server, its worker, keys of openssl and the command line: what was executed is verified, wherever its result was kept.</summary>
public sealed class ProvenanceTests(BackEnds backEnds) : IAsyncLifetime
{
    private const string Script = "echo it works; echo a word >&2; echo content > out; mkdir dir; echo more > dir/file; ln -s out link";
    private readonly TemporaryDirectory files = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Requires.Program("openssl", "openssl");
        await using ChildProcess openssl = ChildProcess.Start("bash", ["-euo", "pipefail", "-c", """
            for name in key other; do
              openssl ecparam -name prime256v1 -genkey -out $name.pem
              openssl ec -in $name.pem -pubout -out $name.pub
            done
            """], files.FullPath);
        Assert.True(await openssl.WaitForExitAsync() == 0, openssl.Output);
    }

    public ValueTask DisposeAsync()
    {
        files.Dispose();
        return ValueTask.CompletedTask;
    }

    private Task<ServerProcess> StartAsync(Func<string, string>? results = null) => ServerProcess.StartAsync(
        BackEnds.Login,
        data => ["--workers", "1", "--set", $"execution.provenance.keyFile={files["key.pem"]}", .. results is null ? Array.Empty<string>() : ["--set", $"actionCache.store={results(data)}"]]);

    private async Task<(int ExitCode, string Output)> VerifyAsync(ServerProcess server, TestBlob action, params string[] more)
    {
        string[] flags = [.. Unless("--key", files["key.pub"]), .. Unless("--server", server.GrpcAddress), .. more];
        await using ChildProcess program = ChildProcess.Start(ServerProcess.Program, ["verify-result", $"{action.Digest.Hash}/{action.Digest.SizeBytes}", .. flags]);
        return (await program.WaitForExitAsync(), program.Output);

        string[] Unless(string flag, string value) => more.Contains(flag) ? [] : [flag, value];
    }

    private static async Task<TestBlob> RunAsync(ServerProcess server)
    {
        await using var channel = new RpcChannel(RpcAddress.Parse(server.GrpcAddress));
        (TestBlob action, Reapi.ExecuteResponse response) = await ShellActions.RunCachedAsync(channel, Script, "out", "dir", "link");
        Assert.True(response.Status is null or { Code: 0 } && response.Result.ExitCode == 0, response.ToString());
        return action;
    }

    private static Task<Reapi.ActionResult> GetAsync(RpcChannel channel, TestBlob action, bool inline) => channel.UnaryAsync<Reapi.GetActionResultRequest, Reapi.ActionResult>(
        "/build.bazel.remote.execution.v2.ActionCache/GetActionResult",
        new Reapi.GetActionResultRequest { ActionDigest = action.Digest.ToProto(), InlineStdout = inline, InlineStderr = inline, InlineOutputFiles = { inline ? ["out"] : Array.Empty<string>() } }, Token);

    private static Task<Reapi.ActionResult> UpdateAsync(RpcChannel channel, TestBlob action, Reapi.ActionResult result) => channel.UnaryAsync<Reapi.UpdateActionResultRequest, Reapi.ActionResult>(
        "/build.bazel.remote.execution.v2.ActionCache/UpdateActionResult", new Reapi.UpdateActionResultRequest { ActionDigest = action.Digest.ToProto(), ActionResult = result }, Token);

    [Fact]
    public async Task What_was_executed_is_verified_and_what_was_changed_is_not()
    {
        await using ServerProcess server = await StartAsync();
        TestBlob action = await RunAsync(server);

        (int exitCode, string output) = await VerifyAsync(server, action);
        Assert.True(exitCode == 0, output);
        Assert.Contains($"verified: action {action.Digest.Hash}/{action.Digest.SizeBytes}\n", output, StringComparison.Ordinal);
        Assert.Contains("asked for by  (callers are not told apart)\n", output, StringComparison.Ordinal);
        Assert.Contains($"machine {Environment.MachineName}, sandbox ", output, StringComparison.Ordinal);

        (exitCode, output) = await VerifyAsync(server, action, "--json");
        Statement statement = JsonParser.Default.Parse<Statement>(output);
        Assert.Equal((0, action.Digest.ToProto(), Environment.MachineName), (exitCode, statement.Action, statement.Host));
        Assert.InRange(statement.Signed.ToDateTimeOffset() - statement.Started.ToDateTimeOffset(), TimeSpan.Zero, TimeSpan.FromHours(1));

        (exitCode, output) = await VerifyAsync(server, action, "--key", files["other.pub"]);
        Assert.Equal(3, exitCode);
        Assert.StartsWith("remoteexec: the statement is not signed with the key", output, StringComparison.Ordinal);

        await using var channel = new RpcChannel(RpcAddress.Parse(server.GrpcAddress));
        Reapi.ActionResult inlined = await GetAsync(channel, action, inline: true), changed = await GetAsync(channel, action, inline: false);
        Assert.Equal(("it works\n", "a word\n", "content\n"), (inlined.StdoutRaw.ToStringUtf8(), inlined.StderrRaw.ToStringUtf8(), inlined.OutputFiles[0].Contents.ToStringUtf8()));
        using ProvenanceVerifier verifier = ProvenanceVerifier.Parse(await File.ReadAllTextAsync(files["key.pub"], Token));
        Assert.IsType<ProvenanceVerdict.Good>(verifier.Verify(inlined, action.Digest));

        changed.OutputFiles[0].IsExecutable = !changed.OutputFiles[0].IsExecutable;
        await UpdateAsync(channel, action, changed);
        (exitCode, output) = await VerifyAsync(server, action);
        Assert.Equal((3, "remoteexec: the result is not what was signed: its exit code, an output or a log was changed\n"), (exitCode, output));
    }

    [Fact]
    public async Task What_a_client_uploads_is_not_signed_and_what_is_not_there_is_told()
    {
        await using ServerProcess server = await StartAsync();
        TestBlob action = TestBlob.Random(1, 142);
        (int exitCode, string output) = await VerifyAsync(server, action);
        Assert.Equal(1, exitCode);
        Assert.Contains($"the server has no result of action sha256:{action.Digest.Hash}/142 (any more)", output, StringComparison.Ordinal);
        await using var channel = new RpcChannel(RpcAddress.Parse(server.GrpcAddress));
        await UpdateAsync(channel, action, new Reapi.ActionResult { ExitCode = 1 });

        (exitCode, output) = await VerifyAsync(server, action);

        Assert.Equal(3, exitCode);
        Assert.StartsWith("remoteexec: the result is not signed: a client has uploaded it", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--key", "/not/there", 1, "remoteexec: --key /not/there: there is no such file\n")]
    [InlineData("--key", "key.pem", 1, "there is no public key in it")]
    [InlineData("--instance", "a//b", 2, "--instance: ")]
    [InlineData("--server", "127.0.0.1:1", 1, "name the gRPC address of a server that runs with --server")]
    public async Task What_is_wrong_with_the_command_is_said(string flag, string value, int expected, string reason)
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");

        (int exitCode, string output) = await VerifyAsync(server, TestBlob.Random(1, 142), flag, value == "key.pem" ? files[value] : value);

        Assert.Equal(expected, exitCode);
        Assert.Contains(reason, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_can_t_be_used_ends_the_start()
    {
        await using ServerProcess server = ServerProcess.StartUnready(null, _ => ["--set", $"execution.provenance.keyFile={files["key.pub"]}"]);

        Assert.Equal(1, await server.WaitForExitAsync());
        Assert.Equal($"remoteexec: {files["key.pub"]}: there is no private key in it: 'openssl ecparam -name prime256v1 -genkey -noout' makes one (setting execution.provenance.keyFile)\n", server.Output);
    }

    [Fact]
    public async Task It_stays_with_the_result_on_the_disk()
    {
        await using ServerProcess server = await StartAsync();
        TestBlob action = await RunAsync(server);

        await server.KillAsync();
        await server.StartAgainAsync();

        Assert.Equal(0, (await VerifyAsync(server, action)).ExitCode);
    }

    [Fact]
    public async Task It_stays_with_the_result_in_Redis()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        await using ServerProcess server = await StartAsync(_ => $"{{ redis: {{ endpoints: \"{redis.Endpoint}\" }} }}");
        TestBlob action = await RunAsync(server);

        await server.StopAsync();
        await server.StartAgainAsync();

        Assert.Equal(0, (await VerifyAsync(server, action)).ExitCode);
    }

    [Fact]
    public async Task It_stays_with_the_result_in_a_bucket()
    {
        string bucket = await backEnds.CreateBucketAsync();
        await using FaultyLink link = backEnds.Connect();
        await using ServerProcess server = await StartAsync(
            data => $"{{ s3: {{ bucket: {bucket}, prefix: results/, path: {data}/s3, endpoint: \"http://{link.Address}\", pathStyle: true, sealAfter: 1s }} }}");
        TestBlob action = await RunAsync(server);

        await server.StopAsync();
        await server.StartAgainAsync();

        Assert.Equal(0, (await VerifyAsync(server, action)).ExitCode);
    }
}
