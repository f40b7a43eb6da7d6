using System.Net;
using System.Text.Json;
using Google.Protobuf;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Cli;
using RemoteExec.Server.Hosting;
using Digest = RemoteExec.Protocol.Digest;

namespace RemoteExec.Server.Tests.Api;

/// <summary>What a whole server tells of builds, over HTTP and on the command line.</summary>
public sealed class BuildApiTests : IAsyncLifetime
{
    private const string GetResult = "/build.bazel.remote.execution.v2.ActionCache/GetActionResult";
    private const string UpdateResult = "/build.bazel.remote.execution.v2.ActionCache/UpdateActionResult";
    private readonly TemporaryDirectory nodeData = new();
    private readonly TemporaryDirectory frontData = new();
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false });
    private RunningServer node = null!;
    private RunningServer front = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A front end, whose blobs and results are at another server.</summary>
    public async ValueTask InitializeAsync()
    {
        node = await TestServers.StartAsync(nodeData);
        string url = $"grpc://{AddressOf(node, ListenerKind.Grpc)}";
        front = await TestServers.StartAsync(
            frontData, $"stores.there={{ remote: {{ url: '{url}' }} }}", "cas.store=there", $"stores.results={{ remote: {{ url: '{url}' }} }}", "actionCache.store=results");
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await front.DisposeAsync();
        await node.DisposeAsync();
        frontData.Dispose();
        nodeData.Dispose();
    }

    [Fact]
    public async Task In_a_cluster_the_server_that_is_called_tells_of_builds_and_the_one_behind_it_does_not()
    {
        await BuildAsync("build-1");

        JsonElement[] here = [.. (await GetAsync(front, "builds")).GetProperty("items").EnumerateArray()];

        Assert.Equal(["build-1"], here.Select(build => build.GetProperty("invocation").GetString()));
        Assert.Equal((1, 1), (here[0].GetProperty("sums").GetProperty("actions").GetInt32(), here[0].GetProperty("sums").GetProperty("stored").GetInt32()));
        Assert.Empty((await GetAsync(node, "builds")).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task The_command_line_shows_builds_and_sums()
    {
        Assert.Contains("no build is known", await ReadAsync("builds", "list"), StringComparison.Ordinal);
        Assert.Contains("nothing was built", await ReadAsync("stats"), StringComparison.Ordinal);
        await BuildAsync("build-1");
        await BuildAsync("build-2");

        Assert.Contains("build-2", await ReadAsync("builds", "list", "--tool", "bazel"), StringComparison.Ordinal);
        string build = await ReadAsync("builds", "show", "build-2");
        Assert.Contains("hits        1 (100 %)", build, StringComparison.Ordinal);
        Assert.Contains("//:a", build, StringComparison.Ordinal);
        Assert.Contains("50 %", await ReadAsync("stats", "--by", "day"), StringComparison.Ordinal);
        Assert.Equal(2, JsonSerializer.Deserialize<JsonElement>(await ReadAsync("stats", "--json")).GetProperty("total").GetProperty("actions").GetInt32());
        Assert.Equal("build-1", JsonSerializer.Deserialize<JsonElement>(await ReadAsync("builds", "show", "build-1", "--json")).GetProperty("build").GetProperty("invocation").GetString());
    }

    [Theory]
    [InlineData("builds?limit=0", HttpStatusCode.BadRequest, "from 1 to 1000")]
    [InlineData("builds?since=yesterday", HttpStatusCode.BadRequest, "36h")]
    [InlineData("builds?failed=maybe", HttpStatusCode.BadRequest, "neither true nor false")]
    [InlineData("builds?after=xyz", HttpStatusCode.BadRequest, "cursor")]
    [InlineData("builds?tol=bazel", HttpStatusCode.BadRequest, "tool")]
    [InlineData("builds/none", HttpStatusCode.NotFound, "'none'")]
    [InlineData("builds/none/actions", HttpStatusCode.NotFound, "'none'")]
    [InlineData("builds/none/actions?outcome=great", HttpStatusCode.BadRequest, "hit, miss")]
    [InlineData("stats?by=week", HttpStatusCode.BadRequest, "hour, day")]
    public async Task What_is_wrong_with_a_request_is_told_as_a_problem(string path, HttpStatusCode status, string says)
    {
        using HttpResponseMessage response = await http.GetAsync($"http://{AddressOf(front, ListenerKind.Http)}/api/v1/{path}", Token);

        Assert.Equal((status, "application/problem+json"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        Assert.Contains(says, JsonSerializer.Deserialize<JsonElement>(await response.Content.ReadAsStringAsync(Token)).GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    // One action, looked up, and stored where it was missing.
    private async Task BuildAsync(string invocation)
    {
        await using RpcChannel channel = TestServers.Connect(front);
        Digest action = IncrementalHasher.Compute(default, DigestFunction.Sha256, [1, 2, 3]);
        var headers = new RpcMetadata();
        headers.AddBinary(RequestMetadataHeader.Name, new Reapi.RequestMetadata
        {
            ToolDetails = new Reapi.ToolDetails { ToolName = "bazel" },
            ToolInvocationId = invocation,
            ActionMnemonic = "Genrule",
            TargetId = "//:a",
        }.ToByteArray());
        var options = new RpcCallOptions { Headers = headers };
        try
        {
            await channel.UnaryAsync<Reapi.GetActionResultRequest, Reapi.ActionResult>(GetResult, new Reapi.GetActionResultRequest { ActionDigest = action.ToProto() }, Token, options);
        }
        catch (RpcException missing) when (missing.Code == StatusCode.NotFound)
        {
            await channel.UnaryAsync<Reapi.UpdateActionResultRequest, Reapi.ActionResult>(
                UpdateResult,
                new Reapi.UpdateActionResultRequest { ActionDigest = action.ToProto(), ActionResult = new Reapi.ActionResult { StdoutRaw = ByteString.CopyFromUtf8("done\n") } }, Token, options);
        }
    }

    private async Task<JsonElement> GetAsync(RunningServer server, string path) =>
        JsonSerializer.Deserialize<JsonElement>(await http.GetStringAsync($"http://{AddressOf(server, ListenerKind.Http)}/api/v1/{path}", Token));

    private async Task<string> ReadAsync(params string[] words)
    {
        using StringWriter output = new(), error = new();
        int exitCode = await CommandLine.RunAsync([.. words, "--server", $"http://{AddressOf(front, ListenerKind.Http)}"], new Terminal(output, error, colourOutput: false, colourError: false));
        Assert.True(exitCode == 0, error.ToString());
        return output.ToString();
    }

    private static ListenAddress AddressOf(RunningServer server, ListenerKind kind) => server.Listeners.First(listener => listener.Kind == kind).Address;
}
