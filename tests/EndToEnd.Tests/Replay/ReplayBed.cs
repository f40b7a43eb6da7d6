using System.Text;
using System.Text.Json;
using Google.LongRunning;
using Google.Protobuf;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Replay;

/// <summary>A real server with a worker, for all tests of a class: actions are executed there, and replayed by the real program.</summary>
public sealed class ReplayBed : IAsyncLifetime
{
    private readonly TemporaryDirectory directory = new();
    private ServerProcess server = null!;
    private RpcChannel channel = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>The scratch directories of replays: none, unless one runs.</summary>
    public string[] Scratch => Directory.GetFileSystemEntries(directory["scratch"], "remoteexec-*");

    /// <summary>A path for a test's files.</summary>
    public string this[string name] => directory["work", name];

    /// <summary>What makes an ordinary user of the program that it starts, with a cache of his own.</summary>
    internal string[] Nobody => ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", $"XDG_CACHE_HOME={this["cache of nobody"]}"];

    /// <summary>The server's address.</summary>
    internal string Address => $"grpc://{server.GrpcAddress}";

    /// <summary>What a replay has in its environment.</summary>
    internal Dictionary<string, string?> Environment => new() { ["TMPDIR"] = directory["scratch"], ["XDG_CACHE_HOME"] = directory["cache"], ["REMOTEEXEC_SERVER"] = Address };

    public async ValueTask InitializeAsync()
    {
        server = await ServerProcess.StartAsync("--workers", "1");
        channel = new RpcChannel(RpcAddress.Parse(server.GrpcAddress));
        foreach (string path in (string[])["scratch", "work", "cache"])
        {
            Directory.CreateDirectory(directory[path]);
            File.SetUnixFileMode(directory[path], (UnixFileMode)0x1FF); // 0777: who replays is not root in all tests
        }
    }

    public async ValueTask DisposeAsync()
    {
        await channel.DisposeAsync();
        await server.DisposeAsync();
        directory.Dispose();
    }

    /// <summary>Has a script executed in <c>inner/here</c>, with the file <c>in/text</c> and another one, beside it.</summary>
    /// <returns>The action, what came of it, and the operation's name.</returns>
    public async Task<(string Action, Reapi.ActionResult Result, string Operation)> ExecuteAsync(string script, params string[] outputs)
    {
        TestBlob action = await UploadAsync(CommandOf(script, outputs), Inputs(), platform: null, TextBlob);
        Operation last = await channel.ServerStreamAsync<Reapi.ExecuteRequest, Operation>(
            "/build.bazel.remote.execution.v2.Execution/Execute", new Reapi.ExecuteRequest { ActionDigest = action.Digest.ToProto() }, Token).LastAsync(Token);
        return (NameOf(action), last.Response.Unpack<Reapi.ExecuteResponse>().Result, last.Name);
    }

    /// <summary>The same, but replaces the result by another one.</summary>
    public async Task<string> ExecuteAndChangeAsync(string script, string[] outputs, Action<Reapi.ActionResult> change)
    {
        (string action, Reapi.ActionResult result, string _) = await ExecuteAsync(script, outputs);
        change(result);
        string[] parts = action.Split(':', '/');
        await channel.UnaryAsync<Reapi.UpdateActionResultRequest, Reapi.ActionResult>(
            "/build.bazel.remote.execution.v2.ActionCache/UpdateActionResult",
            new Reapi.UpdateActionResultRequest { ActionDigest = new Reapi.Digest { Hash = parts[1], SizeBytes = long.Parse(parts[2], System.Globalization.CultureInfo.InvariantCulture) }, ActionResult = result },
            Token);
        return action;
    }

    /// <summary>Uploads an action, that is not executed.</summary>
    public async Task<string> PrepareAsync(string script, MerkleTree inputs, Reapi.Platform? platform, params TestBlob[] files) =>
        NameOf(await UploadAsync(CommandOf(script, []), inputs, platform, files));

    /// <summary>Uploads a blob.</summary>
    public async Task<Reapi.Digest> UploadAsync(string content)
    {
        TestBlob blob = TestBlob.Of(Encoding.UTF8.GetBytes(content));
        await UploadAsync([blob.Content]);
        return blob.Digest.ToProto();
    }

    /// <summary>Replays something, by the program as it is or as another user starts it.</summary>
    internal ChildProcess Start(IReadOnlyList<string> arguments, params string[] through)
    {
        string[] line = [.. through, ServerProcess.Program, "replay", .. arguments];
        return ChildProcess.Start(line[0], line[1..], directory["work"], Environment);
    }

    /// <summary>Replays something to its end; what it printed is in the answer.</summary>
    internal async Task<ChildProcess> RunAsync(int exitCode, params string[] arguments)
    {
        ChildProcess process = Start(arguments);
        Assert.True(await process.WaitForExitAsync() == exitCode, $"it ended with {process.ExitCode}, not with {exitCode}:\n{process.Output}");
        Assert.Empty(Scratch);
        return process;
    }

    /// <summary>Replays something; what it told as JSON, without what is on standard error.</summary>
    internal async Task<JsonElement> AskAsync(int exitCode, params string[] arguments)
    {
        await using ChildProcess process = await ShellAsync(exitCode, $"remoteexec replay {string.Join(' ', arguments)} --json 2>/dev/null");
        return JsonDocument.Parse(process.Output).RootElement;
    }

    /// <summary>Runs a line of a shell, for which <c>remoteexec</c> is the program.</summary>
    internal async Task<ChildProcess> ShellAsync(int exitCode, string script)
    {
        Directory.CreateDirectory(directory["bin"]);
        string link = directory["bin", "remoteexec"];
        if (!File.Exists(link))
            File.CreateSymbolicLink(link, ServerProcess.Program);
        var environment = new Dictionary<string, string?>(Environment) { ["PATH"] = $"{directory["bin"]}:{System.Environment.GetEnvironmentVariable("PATH")}" };
        ChildProcess shell = ChildProcess.Start("bash", ["-euo", "pipefail", "-c", script], directory["work"], environment);
        Assert.True(await shell.WaitForExitAsync() == exitCode, $"it ended with {shell.ExitCode}, not with {exitCode}:\n{shell.Output}");
        Assert.Empty(Scratch);
        return shell;
    }

    private static TestBlob TextBlob => TestBlob.Of("what is read\n"u8.ToArray());

    private static MerkleTree Inputs() => new MerkleTreeBuilder(default, DigestFunction.Sha256).AddFile("in/text", TextBlob.Digest).AddDirectory("inner/here").Build();

    private static string NameOf(TestBlob action) => $"sha256:{action.Digest.Hash}/{action.Digest.SizeBytes}";

    private static Reapi.Command CommandOf(string script, string[] outputs) => new()
    {
        Arguments = { "/bin/sh", "-c", script },
        EnvironmentVariables = { new Reapi.Command.Types.EnvironmentVariable { Name = "PATH", Value = "/usr/bin:/bin" }, new Reapi.Command.Types.EnvironmentVariable { Name = "SAID", Value = "it's here" } },
        WorkingDirectory = "inner/here",
        OutputPaths = { outputs },
    };

    private async Task<TestBlob> UploadAsync(Reapi.Command command, MerkleTree inputs, Reapi.Platform? platform, params TestBlob[] files)
    {
        TestBlob commandBlob = TestBlob.Of(command.ToByteArray());
        TestBlob action = TestBlob.Of(new Reapi.Action { CommandDigest = commandBlob.Digest.ToProto(), InputRootDigest = inputs.RootDigest.ToProto(), Platform = platform }.ToByteArray());
        await UploadAsync(files.Append(commandBlob).Append(action).Select(blob => blob.Content).Concat(inputs.Blobs.Select(blob => blob.Value.ToArray())));
        return action;
    }

    private async Task UploadAsync(IEnumerable<byte[]> blobs)
    {
        var upload = new Reapi.BatchUpdateBlobsRequest();
        foreach (byte[] blob in blobs)
            upload.Requests.Add(new Reapi.BatchUpdateBlobsRequest.Types.Request { Digest = TestBlob.Of(blob).Digest.ToProto(), Data = ByteString.CopyFrom(blob) });
        await channel.UnaryAsync<Reapi.BatchUpdateBlobsRequest, Reapi.BatchUpdateBlobsResponse>("/build.bazel.remote.execution.v2.ContentAddressableStorage/BatchUpdateBlobs", upload, Token);
    }
}
