using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Api.Description;
using RemoteExec.Server.Hosting;
using RemoteExec.Server.Tests.Operators;

namespace RemoteExec.Server.Tests.Api;

/// <summary>The description of the API is what a server really has.</summary>
public sealed class OpenApiTests
{
    private const string Root = "/api/v1/";
    private static readonly string hash = TestBlob.Of([1]).Digest.Hash.ToString();
    private static readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_description_is_what_the_paths_of_a_server_and_the_doc_comments_say()
    {
        string path = Repository.Path("docs", "openapi.json"), typesPath = Repository.Path("src", "Console", "src", "schema.ts");
        await using SteeredServer steered = await SteeredServer.StartAsync();

        string made = OpenApiDocument.Make(steered.Server.Routes.All, steered.Server.OperatorPaths!.Paths), types = TypeScriptTypes.Make(made);

        if (Environment.GetEnvironmentVariable("REMOTEEXEC_WRITE_DOCS") == "1")
        {
            await File.WriteAllTextAsync(path, made, Token);
            await File.WriteAllTextAsync(typesPath, types, Token);
        }

        Assert.True(made == await File.ReadAllTextAsync(path, Token), "docs/openapi.json is not up to date: run ./dev docs");
        Assert.True(types == await File.ReadAllTextAsync(typesPath, Token), "src/Console/src/schema.ts is not up to date: run ./dev docs");
    }

    [Fact]
    public async Task A_server_serves_its_description()
    {
        using var data = new TemporaryDirectory();
        await using RunningServer server = await TestServers.StartAsync(data);

        Assert.Equal(
            await File.ReadAllTextAsync(Repository.Path("docs", "openapi.json"), Token),
            await http.GetStringAsync($"http://{server.Listeners.First(listener => listener.Kind == ListenerKind.Http).Address}{Root}openapi.json", Token));
    }

    [Fact]
    public async Task Every_path_takes_the_parameters_that_are_described_and_no_others()
    {
        await using SteeredServer steered = await SteeredServer.StartAsync();
        ApiDescription description = ApiDescription.Read();
        Assert.True(description.Paths.Count() > 20);

        foreach (JsonProperty path in description.Paths)
        {
            JsonProperty operation = path.Value.EnumerateObject().Single();
            string address = $"http://{steered.HttpAddress}{Fill(path.Name)}";
            if (operation.Name == "post")
            {
                using HttpResponseMessage refused = await http.GetAsync(address, Token);
                Assert.Equal((HttpStatusCode.MethodNotAllowed, "POST"), (refused.StatusCode, refused.Content.Headers.Allow.Single()));
                continue;
            }

            using HttpResponseMessage answer = await http.GetAsync($"{address}?nonsense=1", Token);
            string body = await answer.Content.ReadAsStringAsync(Token);
            Assert.True(answer.StatusCode == HttpStatusCode.BadRequest, $"{path.Name}: {answer.StatusCode} {body}");
            JsonElement problem = JsonSerializer.Deserialize<JsonElement>(body);
            string message = (problem.TryGetProperty("detail", out JsonElement detail) ? detail : problem.GetProperty("message")).GetString()!;
            string[] described = operation.Value.TryGetProperty("parameters", out JsonElement parameters)
                ? [.. parameters.EnumerateArray().Where(parameter => parameter.GetProperty("in").GetString() == "query").Select(parameter => parameter.GetProperty("name").GetString()!)]
                : [];
            Assert.Equal((path.Name, $"there is no parameter 'nonsense' here: {(described.Length == 0 ? "this path takes none" : string.Join(", ", described.Order(StringComparer.Ordinal)))}"), (path.Name, Sorted(message)));
        }
    }

    [Fact]
    public async Task What_a_server_answers_is_as_described()
    {
        await using SteeredServer steered = await SteeredServer.StartAsync();
        await steered.ConnectWorkerAsync("one", ("OSFamily", "linux"));
        string running = await steered.ExecuteAsync("a", "build-1", ("OSFamily", "linux")), waiting = await steered.ExecuteAsync("b", "build-1", ("OSFamily", "linux"));
        JsonElement[] operations = [.. (await steered.JsonAsync("operations")).GetProperty("operations").EnumerateArray()];
        string[] actions = [.. operations.Select(operation => operation.GetProperty("action").GetString()!)];
        foreach (string action in actions)
            await MissAsync(steered, action);
        string build;
        do
            build = (await steered.JsonAsync("builds")).GetProperty("items") is var items && items.GetArrayLength() > 0 ? items[0].GetProperty("id").GetString()! : "";
        while (build.Length == 0 || (await steered.JsonAsync($"builds/{build}/actions")).GetProperty("items").GetArrayLength() < 2);
        while ((await http.GetAsync($"http://{steered.HttpAddress}{Root}actions/{actions[0]}/explanation", Token)).StatusCode == HttpStatusCode.NotFound)
            await Task.Delay(10, Token); // it is explained in the background
        TestBlob whole = TestBlob.Of(new Reapi.Tree { Root = new Reapi.Directory { Symlinks = { new Reapi.SymlinkNode { Name = "link", Target = "to" } } } }.ToByteArray());
        await new RemoteStore(steered.Channel, TimeSpan.FromSeconds(10), TimeProvider.System).WriteAllAsync(whole.Digest, whole.Content, Token);
        string tree = $"{whole.Digest.Hash}/{whole.Digest.SizeBytes}";
        string root = (await steered.JsonAsync($"actions/{actions[0]}")).GetProperty("action").GetProperty("inputRootDigest").GetString()!;
        ApiDescription description = ApiDescription.Read();

        HashSet<string> reached = [], answered = [];
        foreach ((string path, string body) in ((string, string)[])[("operations:cancel", $$"""{"names": ["{{waiting}}"]}"""), ("operations:cancel", "{}"), ("workers:drain", """{"name": "one", "grace": "60s"}""")])
        {
            using HttpResponseMessage answer = await http.PostAsync($"http://{steered.HttpAddress}{Root}{path}", new StringContent(body, Encoding.UTF8, "application/json"), Token);
            Assert.Equal([], description.FaultsOf(Root + path, "post", (int)answer.StatusCode, answer.Content.Headers.ContentType!.MediaType!, await answer.Content.ReadAsStringAsync(Token)));
            reached.Add(Root + path);
            if (answer.IsSuccessStatusCode)
                answered.Add(Root + path);
        }

        string[] paths =
        [
            "queue", "queue?platform=OSFamily=linux&builds=1", "workers", "workers?name=nobody", "operations", "operations?done=true", "operations/operations/6f9c2a4e-0000-4000-8000-000000000000", $"operations/{running}", $"operations/{waiting}", "scaling", "scaling?slotsPerWorker=-1", "operations/operations/6f9c2a4e-0000-4000-8000-000000000000/stdout", $"operations/{waiting}/stdout", $"operations/{waiting}/stderr",
            "builds", "builds?limit=0", $"builds/{build}", "builds/none", $"builds/{build}/actions", $"builds/{build}/actions?outcome=miss&sort=time", $"builds/{build}/targets", $"builds/{build}/tests", $"builds/{build}/critical-path", $"builds/{build}/causes", "stats", "stats?by=day",
            $"actions/{actions[0]}", $"actions/{hash}/1", $"actions/{actions[0]}/replay", $"actions/{actions[0]}/explanation?with={actions[1]}", $"actions/{actions[0].Split('/')[0]}/explanation", $"actions/{hash}/explanation", $"directories/{root}", $"directories/{root}.tar.zst", $"directories/{hash}/x", $"trees/{tree}", $"trees/{tree}.tar.zst", $"trees/{hash}/1", $"trees/{hash}/1.tar.zst", $"blobs/{actions[0]}", $"blobs/{hash}/1",
            "server", "stores", "openapi.json",
        ];
        foreach (string path in paths)
        {
            using HttpResponseMessage answer = await http.GetAsync($"http://{steered.HttpAddress}{Root}{path}", Token);
            string? template = description.Find(Root + path.Split('?')[0]);
            Assert.True(template is not null, $"{path} is not described");
            reached.Add(template);
            if (answer.IsSuccessStatusCode)
                answered.Add(template);
            Assert.Equal([], description.FaultsOf(template, "get", (int)answer.StatusCode, answer.Content.Headers.ContentType!.MediaType!, await answer.Content.ReadAsStringAsync(Token)));
        }

        Assert.Equal([], description.Paths.Select(path => path.Name).Except(reached));
        Assert.Equal([], reached.Except(answered)); // with more than what is wrong
    }

    [Theory]
    [InlineData("""{"title": "x", "status": "404", "detail": ""}""", "is no integer")]
    [InlineData("""{"title": "x", "status": 404}""", "detail is missing")]
    [InlineData("""{"title": "x", "status": 404, "detail": "", "more": 1}""", "more is not described")]
    public void An_answer_that_is_not_as_described_is_found(string problem, string fault) =>
        Assert.Contains(fault, Assert.Single(ApiDescription.Read().FaultsOf(Root + "builds", "get", 404, "application/problem+json", problem)), StringComparison.Ordinal);

    private static async Task MissAsync(SteeredServer steered, string action)
    {
        var metadata = new RpcMetadata();
        metadata.AddBinary(RequestMetadataHeader.Name, new Reapi.RequestMetadata { ToolInvocationId = "build-1", TargetId = "//:a", ActionMnemonic = "Genrule" }.ToByteArray());
        string[] parts = action.Split('/');
        RpcException missing = await Assert.ThrowsAsync<RpcException>(() => steered.Channel.UnaryAsync<Reapi.GetActionResultRequest, Reapi.ActionResult>(
            "/build.bazel.remote.execution.v2.ActionCache/GetActionResult",
            new Reapi.GetActionResultRequest { ActionDigest = new Reapi.Digest { Hash = parts[0], SizeBytes = long.Parse(parts[1], CultureInfo.InvariantCulture) } }, Token, new RpcCallOptions { Headers = metadata }));
        Assert.Equal(StatusCode.NotFound, missing.Code);
    }

    private static string Sorted(string message)
    {
        const string Before = "here: ";
        int list = message.IndexOf(Before, StringComparison.Ordinal) + Before.Length;
        return message[..list] + string.Join(", ", message[list..].Split(", ").Order(StringComparer.Ordinal));
    }

    private static string Fill(string template) => template.Replace("{id}", "some-build", StringComparison.Ordinal).Replace("{hash}", hash, StringComparison.Ordinal).Replace("{size}", "1", StringComparison.Ordinal)
        .Replace("{name}", "operations/6f9c2a4e-0000-4000-8000-000000000000", StringComparison.Ordinal);
}
