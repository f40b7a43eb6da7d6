using System.Net;
using System.Text.Json;
using Google.Devtools.Build.V1;
using Grpc.Health.V1;
using Grpc.Reflection.V1;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Cli;
using RemoteExec.Server.Hosting;
using RemoteExec.TestKit.Bazel;
using BuildEvent = RemoteExec.TestKit.Bazel.BuildEvent;

namespace RemoteExec.Server.Tests.Api;

/// <summary>What a whole server tells of builds whose clients send events, over HTTP and on the command line.</summary>
public sealed class BuildReportTests : IAsyncLifetime
{
    private readonly TemporaryDirectory data = new();
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false });
    private RunningServer server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Http => $"http://{server.Listeners.First(listener => listener.Kind == ListenerKind.Http).Address}";

    public async ValueTask InitializeAsync()
    {
        server = await TestServers.StartAsync(data);
        await SendAsync(new BuildScript("build-1").Start("test", "ann", "//lib/...").Target("//lib:good", isGood: true).Target("//lib:bad", isGood: false)
            .Ran("//lib:t1", TestStatus.Failed).Summed("//lib:t1", TestStatus.Failed).Ran("//lib:t2", TestStatus.Passed).Summed("//lib:t2", TestStatus.Passed)
            .Add(new BuildEvent
            {
                Id = new BuildEventId { ActionCompleted = new BuildEventId.Types.Action { Label = "//lib:bad" } },
                Action = new ActionExecuted { Type = "CppCompile", ExitCode = 4, Stderr = new OutputFile { Uri = "bytestream://here/blobs/abc/5" } },
            })
            .Finish(1, "BUILD_FAILURE"));
        await SendAsync(new BuildScript("build-2").Start(user: "bob"));
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await server.DisposeAsync();
        data.Dispose();
    }

    [Fact]
    public async Task The_command_line_shows_how_builds_ended_and_what_failed()
    {
        string list = await ReadAsync("builds", "list");
        string show = await ReadAsync("builds", "show", "build-1");
        string tests = await ReadAsync("builds", "tests", "build-1"), failed = await ReadAsync("builds", "tests", "build-1", "--status", "failed", "--status", "timeout");

        Assert.Matches(@"bazel +failed +ann .* build-1\n", list);
        Assert.Matches(@"bazel +running +bob .* build-2\n", list);
        Assert.Contains("status         failed, exit code 1 (BUILD_FAILURE)", show, StringComparison.Ordinal);
        Assert.Contains("command        test //lib/...", show, StringComparison.Ordinal);
        Assert.Contains("by             ann on desk, in /home/me/project", show, StringComparison.Ordinal);
        Assert.Contains("targets        1 ok, 1 failed", show, StringComparison.Ordinal);
        Assert.Matches(@"CppCompile +4 +//lib:bad +bytestream://here/blobs/abc/5\n", show);
        Assert.Matches(@"failed +cc_library rule +//lib:bad\n", show);
        Assert.Matches(@"failed +1 s +1 +1 +1 +0 +//lib:t1 +bytestream://cache/blobs/1\n", show);
        Assert.True(tests.IndexOf("//lib:t1", StringComparison.Ordinal) < tests.IndexOf("//lib:t2", StringComparison.Ordinal));
        Assert.DoesNotContain("//lib:t2", failed, StringComparison.Ordinal);
        Assert.Matches(@"ok +cc_library rule +//lib:good\n", await ReadAsync("builds", "targets", "build-1", "--label", "good"));
        Assert.Contains("no tests are known", await ReadAsync("builds", "tests", "build-2"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_service_is_among_those_that_health_and_reflection_know()
    {
        const string Service = "google.devtools.build.v1.PublishBuildEvent";
        await using RpcChannel channel = TestServers.Connect(server);

        HealthCheckResponse health = await channel.UnaryAsync<HealthCheckRequest, HealthCheckResponse>("/grpc.health.v1.Health/Check", new HealthCheckRequest { Service = Service }, Token);
        await using RpcClientCall call = channel.Open("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", new RpcCallOptions(), Token);
        Assert.True(await call.WriteAsync(new ServerReflectionRequest { ListServices = "" }));
        await call.CompleteRequestsAsync();
        ServerReflectionResponse? services = await call.ReadAsync<ServerReflectionResponse>();

        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, health.Status);
        Assert.Contains(services!.ListServicesResponse.Service, service => service.Name == Service);
    }

    [Fact]
    public async Task Builds_are_found_by_who_builds_and_how_they_ended()
    {
        Assert.Equal(["build-1"], await InvocationsAsync("builds?user=ann"));
        Assert.Equal(["build-1"], await InvocationsAsync("builds?status=failed"));
        Assert.Equal(["build-2"], await InvocationsAsync("builds?status=running&user=bob"));
        Assert.Empty(await InvocationsAsync("builds?status=running&user=ann"));
        Assert.Contains("build-2", await ReadAsync("builds", "list", "--user", "bob", "--status", "running"), StringComparison.Ordinal);
        JsonElement tests = await GetAsync("builds/build-1/tests?status=passed");
        Assert.Equal(["//lib:t2 passed"], tests.GetProperty("items").EnumerateArray().Select(test => $"{test.GetProperty("label")} {test.GetProperty("status")}"));
        JsonElement first = await GetAsync("builds/build-1/targets?limit=1");
        Assert.Equal("//lib:bad", first.GetProperty("items")[0].GetProperty("label").GetString());
        Assert.Equal("//lib:good", (await GetAsync($"builds/build-1/targets?limit=1&after={first.GetProperty("next").GetString()}")).GetProperty("items")[0].GetProperty("label").GetString());
    }

    [Theory]
    [InlineData("builds?status=great", HttpStatusCode.BadRequest, "running, succeeded, failed, interrupted, expired")]
    [InlineData("builds/none/targets", HttpStatusCode.NotFound, "'none'")]
    [InlineData("builds/build-1/tests?status=bad", HttpStatusCode.BadRequest, "failedToBuild")]
    [InlineData("builds/build-1/targets?after=xyz", HttpStatusCode.BadRequest, "cursor")]
    [InlineData("builds/build-1/tests?name=x", HttpStatusCode.BadRequest, "label")]
    public async Task What_is_wrong_with_a_request_is_told_as_a_problem(string path, HttpStatusCode status, string says)
    {
        using HttpResponseMessage response = await http.GetAsync($"{Http}/api/v1/{path}", Token);

        Assert.Equal((status, "application/problem+json"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        Assert.Contains(says, JsonSerializer.Deserialize<JsonElement>(await response.Content.ReadAsStringAsync(Token)).GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("build-1", "/console/#/builds/build-1")]
    [InlineData("a%20b%22", "/console/#/builds/a%20b%22")]
    public async Task The_address_that_clients_print_leads_to_the_page_of_the_build(string id, string page)
    {
        using HttpResponseMessage response = await http.GetAsync($"{Http}/console/builds/{id}", Token);

        Assert.Equal((HttpStatusCode.Redirect, page), (response.StatusCode, response.Headers.Location?.OriginalString));
    }

    private async Task SendAsync(BuildScript script)
    {
        await using RpcChannel channel = TestServers.Connect(server);
        await using RpcClientCall call = channel.Open("/google.devtools.build.v1.PublishBuildEvent/PublishBuildToolEventStream", new RpcCallOptions(), Token);
        foreach (PublishBuildToolEventStreamRequest request in script.Requests)
            Assert.True(await call.WriteAsync(request));
        await call.CompleteRequestsAsync();
        foreach (PublishBuildToolEventStreamRequest request in script.Requests)
            Assert.Equal(request.OrderedBuildEvent.SequenceNumber, (await call.ReadAsync<PublishBuildToolEventStreamResponse>())?.SequenceNumber);
        Assert.Null(await call.ReadAsync<PublishBuildToolEventStreamResponse>());
    }

    private async Task<string[]> InvocationsAsync(string path) => [.. (await GetAsync(path)).GetProperty("items").EnumerateArray().Select(build => build.GetProperty("invocation").GetString()!)];

    private async Task<JsonElement> GetAsync(string path) => JsonSerializer.Deserialize<JsonElement>(await http.GetStringAsync($"{Http}/api/v1/{path}", Token));

    private async Task<string> ReadAsync(params string[] words)
    {
        using StringWriter output = new(), error = new();
        int exitCode = await CommandLine.RunAsync([.. words, "--server", Http], new Terminal(output, error, colourOutput: false, colourError: false));
        Assert.True(exitCode == 0, error.ToString());
        return output.ToString();
    }
}
