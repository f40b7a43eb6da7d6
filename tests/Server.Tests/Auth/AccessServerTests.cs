using Build.Bazel.Remote.Execution.V2;
using Google.Protobuf;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Auth;
using RemoteExec.Server.Configuration;
using RemoteExec.Server.Hosting;
using InstanceName = RemoteExec.Protocol.InstanceName;

namespace RemoteExec.Server.Tests.Auth;

/// <summary>Servers that tell callers apart, beyond what the matrix says of one.</summary>
public sealed class AccessServerTests
{
    private const string Re = "/build.bazel.remote.execution.v2.";
    private const string Synchronize = "/remoteexec.worker.v1.WorkerQueue/Synchronize";
    private static readonly TestBlob blob = TestBlob.Random(1, 100);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static BatchReadBlobsRequest Read(string instance) => new() { InstanceName = instance, Digests = { blob.Digest.ToProto() } };

    private static UpdateActionResultRequest Update(string instance) => new() { InstanceName = instance, ActionDigest = blob.Digest.ToProto(), ActionResult = new ActionResult { ExitCode = 1 } };

    private static async Task<ServerCapabilities> CapabilitiesOfAsync(AccessServer access, string token, string instance) => await access.Channel.UnaryAsync<GetCapabilitiesRequest, ServerCapabilities>(
        Re + "Capabilities/GetCapabilities", new GetCapabilitiesRequest { InstanceName = instance }, Token, new RpcCallOptions { Headers = new RpcMetadata { { "authorization", AccessServer.Bearer(token) } } });

    [Theory]
    [InlineData("reader", false, false)]
    [InlineData("developer", false, true)]
    [InlineData("ci", true, true)]
    [InlineData("worker", false, false)]
    [InlineData("admin", true, true)]
    public async Task Capabilities_are_those_that_the_caller_has_in_the_instance(string role, bool updates, bool executes)
    {
        await using AccessServer access = await AccessServer.StartAsync("execution.enabled=true", "instances={frozen: {readOnly: true}}");
        string token = access.Create(role);
        await access.WaitForAsync(token, isGood: true);

        ServerCapabilities open = await CapabilitiesOfAsync(access, token, "team"), frozen = await CapabilitiesOfAsync(access, token, "frozen");

        Assert.Equal((updates, executes), (open.CacheCapabilities.ActionCacheUpdateCapabilities.UpdateEnabled, open.ExecutionCapabilities?.ExecEnabled ?? false));
        Assert.Equal((false, false), (frozen.CacheCapabilities.ActionCacheUpdateCapabilities.UpdateEnabled, frozen.ExecutionCapabilities?.ExecEnabled ?? false));
    }

    [Fact]
    public async Task Who_shows_nothing_may_what_is_said_of_him_and_bad_credentials_are_worse_than_none()
    {
        await using AccessServer access = await AccessServer.StartAsync("auth.anonymous=guest", "auth.roles={guest: {rights: [read-cas, read-ac], instances: [public]}}", "auth.publicMetrics=true");

        Assert.Equal(StatusCode.Ok, (await access.OutcomeAsync(Re + "ContentAddressableStorage/BatchReadBlobs", Read("public/x"), null)).Code);
        RpcStatus elsewhere = await access.OutcomeAsync(Re + "ContentAddressableStorage/BatchReadBlobs", Read("team"), null);
        RpcStatus update = await access.OutcomeAsync(Re + "ActionCache/UpdateActionResult", Update("public"), null);
        RpcStatus bad = await access.OutcomeAsync(Re + "ContentAddressableStorage/BatchReadBlobs", Read("public"), AccessServer.Bearer("mistyped"));

        Assert.Equal([StatusCode.Unauthenticated, StatusCode.Unauthenticated, StatusCode.Unauthenticated], new[] { elsewhere.Code, update.Code, bad.Code });
        Assert.Equal("this takes the right read-cas in instance 'team', and the call shows no credentials", elsewhere.Message);
        Assert.Equal("this takes the right write-ac in any instance, and the call shows no credentials", update.Message);
        Assert.Equal(404, (await access.AskAsync("GET", $"/public/cas/{blob.Digest.Hash}", null)).Status);
        Assert.Equal(401, (await access.AskAsync("GET", $"/team/cas/{blob.Digest.Hash}", null)).Status);
        Assert.Equal(401, (await access.AskAsync("GET", $"/public/cas/{blob.Digest.Hash}", AccessServer.Bearer("mistyped"))).Status);
        Assert.Equal(200, (await access.AskAsync("GET", "/metrics", null)).Status);
    }

    [Fact]
    public async Task Only_servers_of_the_cluster_may_speak_for_others()
    {
        await using AccessServer access = await AccessServer.StartAsync();
        string node = AccessServer.Bearer(access.Create("node")), ci = AccessServer.Bearer(access.Create("ci")), limited = AccessServer.Bearer(access.Create("node", ["team"])), last = access.Create("reader");
        await access.WaitForAsync(last, isGood: true);
        (string, string) admin = (CallerHeader.Name, Value(new Caller("root", "token", [new Grant(Right.Admin, InstanceScope.All)])));
        (string, string) reader = (CallerHeader.Name, Value(new Caller("ann", "certificate", [new Grant(Right.ReadCas, InstanceScope.Of(InstanceName.Parse("team")))])));

        RpcStatus asReader = await WriteAsync(node, reader), asAdminByCi = await WriteAsync(ci, admin), asAdminByNobody = await WriteAsync(null, admin), asAdminByTeam = await WriteAsync(limited, admin), nonsense = await WriteAsync(node, (CallerHeader.Name, "/w=="));

        Assert.Equal(StatusCode.Ok, (await access.OutcomeAsync(Re + "ContentAddressableStorage/BatchReadBlobs", Read("team"), node, reader)).Code);
        Assert.Equal("PermissionDenied: ann (certificate) lacks the right write-cas in any instance", $"{asReader.Code}: {asReader.Message}");
        Assert.Equal("PermissionDenied: the ci (token) lacks the right impersonate for all instances", $"{asAdminByCi.Code}: {asAdminByCi.Message}");
        Assert.Equal("PermissionDenied: the node (token) lacks the right impersonate for all instances", $"{asAdminByTeam.Code}: {asAdminByTeam.Message}");
        Assert.Equal((StatusCode.Unauthenticated, StatusCode.Unauthenticated), (asAdminByNobody.Code, nonsense.Code));

        Task<RpcStatus> WriteAsync(string? authorization, (string, string) header) => access.OutcomeAsync(
            Re + "ContentAddressableStorage/BatchUpdateBlobs", new BatchUpdateBlobsRequest { InstanceName = "team" }, authorization, header);

        static string Value(Caller caller) => Convert.ToBase64String(CallerHeader.Encode(caller));
    }

    [Fact]
    public async Task Operators_tokens_of_before_go_on_to_work_and_being_on_the_machine_is_not_enough_any_more()
    {
        using var files = new TemporaryDirectory();
        await File.WriteAllTextAsync(files["operators"], "an-operators-token-0123", Token);
        await using AccessServer access = await AccessServer.StartAsync("execution.enabled=true", $"operators.tokenFile={files["operators"]}");
        byte[] nothing = "{\"invocation\":\"none\"}"u8.ToArray();

        Assert.Equal(200, (await access.AskAsync("POST", "/api/v1/operations:cancel", AccessServer.Bearer("an-operators-token-0123"), nothing)).Status);
        Assert.Equal(401, (await access.AskAsync("POST", "/api/v1/operations:cancel", null, nothing)).Status);
        Assert.Equal(400, (await access.AskAsync("POST", "/api/v1/operations:cancel", AccessServer.Bearer("an-operators-token-0123"), nothing, "text/plain")).Status); // what a page may send unasked
        Assert.Equal(403, (await access.AskAsync("PUT", $"/ac/{blob.Digest.Hash}", AccessServer.Bearer("an-operators-token-0123"), nothing)).Status);
    }

    [Fact]
    public async Task Workers_enrol_with_a_token_that_has_the_right_to()
    {
        await using AccessServer access = await AccessServer.StartAsync("listeners.workers=127.0.0.1:0");
        string worker = access.Create("worker"), ended = access.Create("worker", expires: DateTimeOffset.UnixEpoch), limited = access.Create("worker", ["team"]), ci = access.Create("ci");
        await access.WaitForAsync(ci, isGood: true);

        Assert.Null(await JoinAsync(worker));
        Assert.StartsWith("Unauthenticated: only workers that are enrolled may call this address; give the worker --token-file with a token that has the role worker", await JoinAsync(null), StringComparison.Ordinal);
        Assert.Contains("has expired", await JoinAsync(ended), StringComparison.Ordinal);
        Assert.Equal("PermissionDenied: the worker (token) lacks the right work for all instances", await JoinAsync(limited));
        Assert.Equal("PermissionDenied: the ci (token) lacks the right work for all instances", await JoinAsync(ci));

        async Task<string?> JoinAsync(string? token)
        {
            await using RpcChannel channel = TestServers.Connect(access.Server, ListenerKind.Workers, new RpcChannelOptions { Authorization = () => token is null ? null : AccessServer.Bearer(token) });
            try
            {
                await channel.UnaryAsync<SynchronizeRequest, SynchronizeResponse>(
                    Synchronize, new SynchronizeRequest { SlotId = "slot", WorkerName = "w", Platform = new Platform(), Leaving = new SynchronizeRequest.Types.Leaving() }, Token);
                return null;
            }
            catch (RpcException exception)
            {
                return $"{exception.Code}: {exception.Status.Message}";
            }
        }
    }

    [Fact]
    public async Task A_team_looks_at_its_own_builds_alone()
    {
        await using AccessServer access = await AccessServer.StartAsync();
        string team = AccessServer.Bearer(access.Create("developer", ["team"])), other = AccessServer.Bearer(access.Create("developer", ["other"])), last = access.Create("reader");
        await access.WaitForAsync(last, isGood: true);
        var metadata = new RequestMetadata { ToolInvocationId = Guid.NewGuid().ToString(), ActionId = "a", ToolDetails = new ToolDetails { ToolName = "bazel" } };
        await access.OutcomeAsync(
            Re + "ActionCache/GetActionResult", new GetActionResultRequest { InstanceName = "team", ActionDigest = blob.Digest.ToProto() }, team,
            (RequestMetadataHeader.Name, Convert.ToBase64String(metadata.ToByteArray())));

        Assert.Equal(200, (await access.AskAsync("GET", $"/api/v1/builds/{metadata.ToolInvocationId}", team)).Status);
        Assert.Equal(200, (await access.AskAsync("GET", $"/api/v1/builds/{metadata.ToolInvocationId}/actions", team)).Status);
        Assert.Contains(metadata.ToolInvocationId, (await access.AskAsync("GET", "/api/v1/builds?instance=team", team)).Body, StringComparison.Ordinal);
        Assert.Equal(403, (await access.AskAsync("GET", $"/api/v1/builds/{metadata.ToolInvocationId}", other)).Status);
        Assert.Equal(403, (await access.AskAsync("GET", "/api/v1/builds?instance=other&instance=team", other)).Status);
        Assert.Equal(200, (await access.AskAsync("GET", "/api/v1/builds?instance=team&instance=other", other)).Status);
        Assert.DoesNotContain(metadata.ToolInvocationId, (await access.AskAsync("GET", "/api/v1/builds?instance=team&instance=other", other)).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task How_the_server_was_told_to_be_is_for_operators()
    {
        await using AccessServer access = await AccessServer.StartAsync();
        string reader = access.Create("reader", ["team"]), operates = access.Create("operator");
        await access.WaitForAsync(operates, isGood: true);

        Assert.Contains("\"settings\":[]", (await access.AskAsync("GET", "/api/v1/server", AccessServer.Bearer(reader))).Body, StringComparison.Ordinal);
        Assert.Contains("auth.tokens.file", (await access.AskAsync("GET", "/api/v1/server", AccessServer.Bearer(operates))).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_front_end_shows_its_own_token_to_the_nodes_and_decides_itself_who_may_what()
    {
        using var files = new TemporaryDirectory();
        await using AccessServer node = await AccessServer.StartAsync();
        await File.WriteAllTextAsync(files["node"], node.Create("node"), Token);
        string store = $"{{remote: {{url: 'grpc://{node.Server.Listeners.First(listener => listener.Kind == ListenerKind.Grpc).Address}', tokenFile: {files["node"]}}}}}";
        await using AccessServer front = await AccessServer.StartAsync($"cas.store={store}", $"actionCache.store={store}");
        string ci = front.Create("ci", ["team"]), reader = front.Create("reader", ["team"]);
        await front.WaitForAsync(reader, isGood: true);
        await node.WaitForAsync((await File.ReadAllTextAsync(files["node"], Token)).Trim(), isGood: true);

        Assert.Equal(201, (await front.AskAsync("PUT", $"/team/cas/{blob.Digest.Hash}", AccessServer.Bearer(ci), blob.Content)).Status);
        Assert.Equal(StatusCode.Ok, (await front.OutcomeAsync(Re + "ActionCache/UpdateActionResult", Update("team"), AccessServer.Bearer(ci))).Code);
        Assert.Equal(StatusCode.Ok, (await front.OutcomeAsync(Re + "ActionCache/GetActionResult", new GetActionResultRequest { InstanceName = "team", ActionDigest = blob.Digest.ToProto() }, AccessServer.Bearer(reader))).Code);
        Assert.Equal(StatusCode.Ok, (await front.OutcomeAsync(Re + "ContentAddressableStorage/BatchReadBlobs", Read("team"), AccessServer.Bearer(reader))).Code);
        Assert.Equal(StatusCode.PermissionDenied, (await front.OutcomeAsync(Re + "ContentAddressableStorage/BatchReadBlobs", Read("other"), AccessServer.Bearer(reader))).Code);
        Assert.Equal(401, (await node.AskAsync("GET", $"/team/cas/{blob.Digest.Hash}", AccessServer.Bearer(reader))).Status); // the node does not know who calls the front end
    }

    [Fact]
    public async Task What_a_caller_may_is_the_same_wherever_the_active_scheduler_is()
    {
        using var files = new TemporaryDirectory();
        await using RedisServer redis = await RedisServer.StartAsync();
        string node = AccessServer.Create(files["tokens"], "node"), developer = AccessServer.Create(files["tokens"], "developer", ["team"]), steers = AccessServer.Create(files["tokens"], "operator");
        await File.WriteAllTextAsync(files["node"], node, Token);
        await File.WriteAllTextAsync(files["lease-keys"], "what the servers of this test sign with", Token);
        string[] settings =
        [
            $"auth.tokens.file={files["tokens"]}", $"auth.leases.keyFile={files["lease-keys"]}", "listeners.workers=127.0.0.1:0",
            $"execution.scheduler={{ha: redis, redis: {{endpoints: '{redis.Endpoint}'}}, peers: {{clientTokenFile: {files["node"]}}}}}",
        ];
        await using AccessServer one = await AccessServer.StartAsync(settings), other = await AccessServer.StartAsync(settings);
        const string List = "/google.longrunning.Operations/ListOperations";

        foreach (AccessServer server in new[] { one, other })
        {
            while ((await ListAsync(developer, "team")).Code == StatusCode.Unavailable)
                await Task.Delay(20, Token);
            Assert.Equal(RpcStatus.Ok, await ListAsync(developer, "team/app"));
            Assert.Equal("the developer (token) lacks the right execute or operate in instance 'other'", (await ListAsync(developer, "other")).Message);
            Assert.Equal(RpcStatus.Ok, await ExecuteAsync(developer, "team"));
            Assert.Equal("the developer (token) lacks the right execute in instance 'other'", (await ExecuteAsync(developer, "other")).Message);
            Assert.Equal("the operator (token) lacks the right execute in any instance", (await ExecuteAsync(steers, "team")).Message);
            Assert.Equal(200, (await server.AskAsync("GET", "/api/v1/queue", AccessServer.Bearer(steers))).Status);
            Assert.Equal(200, (await server.AskAsync("POST", "/api/v1/operations:cancel", AccessServer.Bearer(steers), "{\"invocation\":\"none\"}"u8.ToArray())).Status);
            Assert.Equal(403, (await server.AskAsync("GET", "/api/v1/queue", AccessServer.Bearer(developer))).Status);
            Assert.Equal(404, (await server.AskAsync("GET", "/api/v1/operations/team/operations/00000000-0000-0000-0000-000000000001/stdout", AccessServer.Bearer(developer))).Status);

            Task<RpcStatus> ListAsync(string token, string instance) => server.OutcomeAsync(List, new Google.LongRunning.ListOperationsRequest { Name = instance }, AccessServer.Bearer(token));
            Task<RpcStatus> ExecuteAsync(string token, string instance) => server.OutcomeAsync(Re + "Execution/Execute", new ExecuteRequest { InstanceName = instance, ActionDigest = blob.Digest.ToProto() }, AccessServer.Bearer(token));
        }
    }

    [Fact]
    public async Task A_front_end_decides_who_may_what_before_a_scheduler_that_does_not_ask()
    {
        using TemporaryDirectory files = new(), data = new();
        await using RedisServer redis = await RedisServer.StartAsync();
        string shared = $"ha: redis, redis: {{endpoints: '{redis.Endpoint}'}}";
        await using RunningServer scheduler = await TestServers.StartAsync(data, $"execution.scheduler={{{shared}}}");
        await using AccessServer front = await AccessServer.StartAsync($"execution.scheduler={{{shared}, candidate: false}}");
        string developer = front.Create("developer", ["team"]);
        await front.WaitForAsync(developer, isGood: true);
        const string AnyOperation = "other/operations/00000000-0000-0000-0000-000000000001", Operations = "/google.longrunning.Operations/";

        while ((await CallAsync(Operations + "ListOperations", new Google.LongRunning.ListOperationsRequest { Name = "team" })).Code == StatusCode.Unavailable)
            await Task.Delay(20, Token);
        Assert.Equal(RpcStatus.Ok, await CallAsync(Re + "Execution/Execute", new ExecuteRequest { InstanceName = "team", ActionDigest = blob.Digest.ToProto() }));
        RpcStatus[] denials =
        [
            await CallAsync(Re + "Execution/Execute", new ExecuteRequest { InstanceName = "other", ActionDigest = blob.Digest.ToProto() }),
            await CallAsync(Re + "Execution/WaitExecution", new WaitExecutionRequest { Name = AnyOperation }),
            await CallAsync(Operations + "GetOperation", new Google.LongRunning.GetOperationRequest { Name = AnyOperation }),
            await CallAsync(Operations + "WaitOperation", new Google.LongRunning.WaitOperationRequest { Name = AnyOperation }),
            await CallAsync(Operations + "CancelOperation", new Google.LongRunning.CancelOperationRequest { Name = AnyOperation }),
            await CallAsync(Operations + "DeleteOperation", new Google.LongRunning.DeleteOperationRequest { Name = AnyOperation }),
            await CallAsync(Operations + "ListOperations", new Google.LongRunning.ListOperationsRequest { Name = "other/operations" }),
        ];

        Assert.All(denials, denial => Assert.Equal(StatusCode.PermissionDenied, denial.Code));
        Assert.All(denials, denial => Assert.EndsWith(" in instance 'other'", denial.Message, StringComparison.Ordinal));

        Task<RpcStatus> CallAsync(string method, IMessage request) => front.OutcomeAsync(method, request, AccessServer.Bearer(developer));
    }

    [Theory]
    [InlineData("auth.anonymous=boss", "auth.anonymous: there is no role 'boss': there are reader, developer, ci, worker, operator, node, admin")]
    [InlineData("auth.roles={ci: {rights: [read-cas]}}", "auth.roles: 'ci' is there already")]
    [InlineData("auth.roles={x: {rights: [fly]}}", "auth.roles.x.rights: 'fly' is no right: there are read-cas, write-cas, read-ac, write-ac, execute, work, operate, impersonate, admin")]
    [InlineData("auth.roles={x: {instances: [a]}}", "auth.roles.x.rights: is empty")]
    [InlineData("auth.roles={x: {rights: [admin], instances: [a*]}}", "auth.roles.x.instances: 'a*' has a * in it")]
    [InlineData("execution.scheduler.peers.clientTokenFile=/etc/token", "execution: scheduler.peers.clientTokenFile lets this server speak for its callers, whom it does not know")]
    public void Settings_that_make_no_sense_are_told(string setting, string words)
    {
        ConfigException exception = Assert.Throws<ConfigException>(() => new ConfigLoader().AddSetting(setting).Load());

        Assert.Contains(words, Assert.Single(exception.Problems).ToString(), StringComparison.Ordinal);
    }
}
