using System.Text.Json;
using Build.Bazel.Remote.Execution.V2;
using Google.Protobuf;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Hosting;
using RemoteExec.Server.Tests.Cli;

namespace RemoteExec.Server.Tests.Python;

/// <summary>What <c>remoteexec pypi</c> says and does.</summary>
public sealed class PypiCommandTests : IAsyncLifetime
{
    private readonly TemporaryDirectory data = new(), files = new();
    private RunningServer server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => server = await TestServers.StartAsync(data);

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        data.Dispose();
        files.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_an_action_has_made_is_added(bool isInDirectory)
    {
        TestBlob action = TestBlob.Random(1, 100), wheel = TestBlob.Of(await File.ReadAllBytesAsync(TestWheel.Write(files["dist"], "demo", "1.0"), Token)), log = TestBlob.Random(2, 10);
        const string Name = "demo-1.0-py3-none-any.whl";
        var tree = new Tree { Root = new Reapi.Directory { Files = { new FileNode { Name = Name, Digest = wheel.Digest.ToProto() }, new FileNode { Name = "log", Digest = log.Digest.ToProto() } } } };
        TestBlob encoded = TestBlob.Of(tree.ToByteArray());
        var result = new ActionResult();
        if (isInDirectory)
            result.OutputDirectories.Add(new OutputDirectory { Path = "dist", TreeDigest = encoded.Digest.ToProto() });
        else
            result.OutputFiles.Add([new OutputFile { Path = $"bazel-out/{Name}", Digest = wheel.Digest.ToProto() }, new OutputFile { Path = "log", Digest = log.Digest.ToProto() }]);
        await using RpcChannel channel = TestServers.Connect(server);
        var upload = new BatchUpdateBlobsRequest();
        foreach (TestBlob blob in new[] { wheel, log, encoded })
            upload.Requests.Add(new BatchUpdateBlobsRequest.Types.Request { Digest = blob.Digest.ToProto(), Data = ByteString.CopyFrom(blob.Content) });
        await channel.UnaryAsync<BatchUpdateBlobsRequest, BatchUpdateBlobsResponse>("/build.bazel.remote.execution.v2.ContentAddressableStorage/BatchUpdateBlobs", upload, Token);
        await channel.UnaryAsync<UpdateActionResultRequest, ActionResult>(
            "/build.bazel.remote.execution.v2.ActionCache/UpdateActionResult", new UpdateActionResultRequest { ActionDigest = action.Digest.ToProto(), ActionResult = result }, Token);

        JsonElement added = JsonDocument.Parse((await RunAsync("pypi", "add", "team", "--action", $"{action.Digest.Hash}/100", "--json")).Succeeded()).RootElement;

        Assert.Equal((1, Name, wheel.Digest.Hash.ToString()), (added.GetArrayLength(), added[0].GetProperty("name").GetString(), added[0].GetProperty("sha256").GetString()));
        Assert.Contains("there is no result of action", (await RunAsync("pypi", "add", "team", "--action", $"{log.Digest.Hash}/10")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_are_listed_by_their_versions()
    {
        foreach (string version in new[] { "1.10", "1.9", "1.10rc1" })
            TestWheel.Write(files["dist"], "demo", version);
        await RunAsync("pypi", "add", "team", files["dist"]);
        (await RunAsync("pypi", "yank", "team", "demo", "1.9", "--reason", "loses data")).Succeeded();

        string[] lines = (await RunAsync("pypi", "list", "team", "Demo")).Succeeded().TrimEnd('\n').Split('\n');

        Assert.Equal(["1.9", "1.10rc1", "1.10"], lines[1..].Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]));
        Assert.EndsWith("loses data", lines[1], StringComparison.Ordinal);
        Assert.Equal("demo-1.9-py3-none-any.whl may be used again\n", (await RunAsync("pypi", "unyank", "team", "demo", "1.9")).Succeeded());
        Assert.Equal("demo-1.9-py3-none-any.whl is removed\n", (await RunAsync("pypi", "remove", "team", "demo", "1.9")).Succeeded());
        Assert.DoesNotContain("1.9", (await RunAsync("pypi", "list", "team")).Succeeded(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mistake_is_told_in_words()
    {
        string wheel = TestWheel.Write(files["dist"], "demo", "1.0");
        System.IO.Directory.CreateDirectory(files["empty"]);

        Assert.Contains("--channel and --revision belong together", (await RunAsync("pypi", "add", "team", wheel, "--channel", "main")).Error, StringComparison.Ordinal);
        Assert.Contains("name files, or --from, --tree or --action: one of them", (await RunAsync("pypi", "add", "team")).Error, StringComparison.Ordinal);
        Assert.Contains("'..' is no name of an index", (await RunAsync("pypi", "add", "..", wheel)).Error, StringComparison.Ordinal);
        Assert.Contains("no directory with *.whl or *.tar.gz in it", (await RunAsync("pypi", "add", "team", files["empty"])).Error, StringComparison.Ordinal);
        Assert.Contains("is no file", (await RunAsync("pypi", "add", "team", files["none.whl"])).Error, StringComparison.Ordinal);
        Assert.Contains("'a b' is no revision", (await RunAsync("pypi", "add", "team", wheel, "--channel", "main", "--revision", "a b")).Error, StringComparison.Ordinal);
        Assert.Contains("there is none", (await RunAsync("pypi", "list", "team")).Succeeded(), StringComparison.Ordinal);
    }

    private Task<CommandRun> RunAsync(params string[] arguments) =>
        CommandRun.RunAsync([.. arguments, "--server", $"grpc://{server.Listeners.First(listener => listener.Kind == ListenerKind.Grpc).Address}"]);
}
