using System.Text;
using Build.Bazel.Remote.Asset.v1;
using Build.Bazel.Remote.Execution.V2;
using Google.Bytestream;
using Google.Devtools.Build.V1;
using Google.LongRunning;
using Google.Protobuf;
using Grpc.Health.V1;
using RemoteExec.Protocol.Operators;
using RemoteExec.Protocol.References;
using RemoteExec.Rpc;
using Any = Google.Protobuf.WellKnownTypes.Any;

namespace RemoteExec.Server.Tests.Auth;

/// <summary>
/// Who may do what: every caller against every method and path, in his own instance and in another's. What is expected stands here in full, and is not what the server looks it up in.
/// </summary>
public sealed class AccessMatrixTests : IAsyncLifetime
{
    private const string Mine = "team/app", Others = "other";
    private const string Re = "/build.bazel.remote.execution.v2.", Cas = Re + "ContentAddressableStorage/", Bytes = "/google.bytestream.ByteStream/";
    private const string Operations = "/google.longrunning.Operations/", Events = "/google.devtools.build.v1.PublishBuildEvent/", Steering = "/remoteexec.operator.v1.Operator/", Names = "/remoteexec.references.v1.References/", Asset = "/build.bazel.remote.asset.v1.";
    private const string AnyOperation = "operations/00000000-0000-0000-0000-000000000001";
    private const string Everybody = "*", Nobody = "-";
    private static readonly string[] presets = ["reader", "developer", "ci", "worker", "operator", "node", "admin"];
    private static readonly TestBlob blob = TestBlob.Random(1, 100), result = TestBlob.Random(2, 100), absent = TestBlob.Random(3, 100);
    private AccessServer access = null!;
    private string[] everywhere = null!, inTeam = null!;

    /// <summary>Who may, everywhere and in an instance; those of operators only everywhere.</summary>
    private static readonly (string Method, string Who, bool IsEverywhere, string Right, Func<string, IMessage> Request)[] methods =
    [
        ("/grpc.health.v1.Health/Check", Everybody, false, "", _ => new HealthCheckRequest()),
        ("/grpc.health.v1.Health/List", Everybody, false, "", _ => new HealthListRequest()),
        ("/grpc.health.v1.Health/Watch", Everybody, false, "", _ => new HealthCheckRequest()),
        ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Everybody, false, "", _ => new Grpc.Reflection.V1.ServerReflectionRequest { ListServices = "" }),
        ("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Everybody, false, "", _ => new Grpc.Reflection.V1Alpha.ServerReflectionRequest { ListServices = "" }),
        (Re + "Capabilities/GetCapabilities", "reader developer ci worker operator node admin", false, "read-cas or", instance => new GetCapabilitiesRequest { InstanceName = instance }),
        (Cas + "FindMissingBlobs", "reader developer ci operator node admin", false, "read-cas or write-cas", instance => new FindMissingBlobsRequest { InstanceName = instance, BlobDigests = { blob.Digest.ToProto() } }),
        (Cas + "BatchReadBlobs", "reader developer ci operator node admin", false, "read-cas", instance => new BatchReadBlobsRequest { InstanceName = instance, Digests = { blob.Digest.ToProto() } }),
        (Cas + "GetTree", "reader developer ci operator node admin", false, "read-cas", instance => new GetTreeRequest { InstanceName = instance, RootDigest = absent.Digest.ToProto() }),
        (Cas + "SplitBlob", "reader developer ci operator node admin", false, "read-cas", instance => new SplitBlobRequest { InstanceName = instance, BlobDigest = blob.Digest.ToProto() }),
        (Cas + "BatchUpdateBlobs", "developer ci node admin", false, "write-cas", instance => new BatchUpdateBlobsRequest
        {
            InstanceName = instance, Requests = { new BatchUpdateBlobsRequest.Types.Request { Digest = blob.Digest.ToProto(), Data = ByteString.CopyFrom(blob.Content) } },
        }),
        (Cas + "SpliceBlob", "developer ci node admin", false, "write-cas", instance => new SpliceBlobRequest { InstanceName = instance, BlobDigest = blob.Digest.ToProto(), ChunkDigests = { blob.Digest.ToProto() } }),
        (Bytes + "Read", "reader developer ci operator node admin", false, "read-cas", instance => new ReadRequest { ResourceName = $"{instance}/blobs/{blob.Digest.Hash}/{blob.Digest.SizeBytes}" }),
        (Bytes + "Write", "developer ci node admin", false, "write-cas", instance => new WriteRequest
        {
            ResourceName = $"{instance}/uploads/{Guid.NewGuid()}/blobs/{blob.Digest.Hash}/{blob.Digest.SizeBytes}", Data = ByteString.CopyFrom(blob.Content), FinishWrite = true,
        }),
        (Bytes + "QueryWriteStatus", "developer ci node admin", false, "write-cas", instance => new QueryWriteStatusRequest { ResourceName = $"{instance}/uploads/{Guid.NewGuid()}/blobs/{blob.Digest.Hash}/{blob.Digest.SizeBytes}" }),
        (Re + "ActionCache/GetActionResult", "reader developer ci operator node admin", false, "read-ac", instance => new GetActionResultRequest { InstanceName = instance, ActionDigest = result.Digest.ToProto() }),
        (Re + "ActionCache/UpdateActionResult", "ci node admin", false, "write-ac", instance => new UpdateActionResultRequest { InstanceName = instance, ActionDigest = result.Digest.ToProto(), ActionResult = new ActionResult { ExitCode = 1 } }),
        (Re + "Execution/Execute", "developer ci node admin", false, "execute", instance => new ExecuteRequest { InstanceName = instance, ActionDigest = absent.Digest.ToProto() }),
        (Re + "Execution/WaitExecution", "developer ci node admin", false, "execute", instance => new WaitExecutionRequest { Name = $"{instance}/{AnyOperation}" }),
        (Operations + "GetOperation", "developer ci operator node admin", false, "execute or operate", instance => new Google.LongRunning.GetOperationRequest { Name = $"{instance}/{AnyOperation}" }),
        (Operations + "ListOperations", "developer ci operator node admin", false, "execute or operate", instance => new Google.LongRunning.ListOperationsRequest { Name = instance }),
        (Operations + "WaitOperation", "developer ci operator node admin", false, "execute or operate", instance => new WaitOperationRequest { Name = $"{instance}/{AnyOperation}" }),
        (Operations + "CancelOperation", "developer ci operator node admin", false, "execute or operate", instance => new CancelOperationRequest { Name = $"{instance}/{AnyOperation}" }),
        (Operations + "DeleteOperation", "developer ci operator node admin", false, "execute or operate", instance => new DeleteOperationRequest { Name = $"{instance}/{AnyOperation}" }),
        (Names + "GetReference", "reader developer ci operator node admin", false, "read-ac", instance => new GetReferenceRequest { InstanceName = instance, Name = "none" }),
        (Names + "ListReferences", "reader developer ci operator node admin", false, "read-ac", instance => new ListReferencesRequest { InstanceName = instance }),
        (Names + "ListHistory", "reader developer ci operator node admin", false, "read-ac", instance => new ListHistoryRequest { InstanceName = instance, Name = "none" }),
        (Names + "WatchReference", "reader developer ci operator node admin", false, "read-ac", instance => new WatchReferenceRequest { InstanceName = instance, Name = "none" }),
        (Names + "SetReference", "ci node admin", false, "write-ac", instance => new SetReferenceRequest { InstanceName = instance, Name = "main", Target = new Target { Blob = blob.Digest.ToProto() } }),
        (Names + "DeleteReference", "ci node admin", false, "write-ac", instance => new DeleteReferenceRequest { InstanceName = instance, Name = "none" }),
        (Asset + "Fetch/FetchBlob", "developer ci node admin", false, "write-cas", instance => new FetchBlobRequest { InstanceName = instance, Uris = { "urn:none" } }),
        (Asset + "Fetch/FetchDirectory", "developer ci node admin", false, "write-cas", instance => new FetchDirectoryRequest { InstanceName = instance, Uris = { "urn:none" } }),
        (Asset + "Push/PushBlob", "ci node admin", false, "write-ac", instance => new PushBlobRequest { InstanceName = instance, Uris = { "urn:one" }, BlobDigest = blob.Digest.ToProto() }),
        (Asset + "Push/PushDirectory", "ci node admin", false, "write-ac", instance => new PushDirectoryRequest { InstanceName = instance, Uris = { "urn:one" }, RootDirectoryDigest = blob.Digest.ToProto() }),
        (Steering + "ListQueues", "operator admin", true, "operate", _ => new ListQueuesRequest()),
        (Steering + "ListWorkers", "operator admin", true, "operate", _ => new ListWorkersRequest()),
        (Steering + "ListOperations", "operator admin", true, "operate", _ => new Protocol.Operators.ListOperationsRequest()),
        (Steering + "GetOperation", "operator admin", true, "operate", _ => new Protocol.Operators.GetOperationRequest { Name = AnyOperation }),
        (Steering + "GetScaling", "operator admin", true, "operate", _ => new GetScalingRequest()),
        (Steering + "CancelOperations", "operator admin", true, "operate", _ => new CancelOperationsRequest { Invocation = "none" }),
        (Steering + "DrainWorkers", "operator admin", true, "operate", _ => new DrainWorkersRequest { Name = "none" }),

        // Of no instance: who may read results somewhere may tell of builds.
        (Events + "PublishLifecycleEvent", "reader developer ci operator node admin", false, "read-ac", _ => new PublishLifecycleEventRequest()),
        (Events + "PublishBuildToolEventStream", "reader developer ci operator node admin", false, "read-ac", _ => new PublishBuildToolEventStreamRequest()),
    ];

    private static readonly (string Method, string Path, string Who, bool IsEverywhere, string Right, byte[]? Body)[] paths =
    [
        ("GET", "/healthz", Everybody, false, "", null),
        ("GET", "/", Everybody, false, "", null),
        ("GET", "/console/", Everybody, false, "", null),
        ("GET", "/api/v1/openapi.json", Everybody, false, "", null),
        ("GET", "/metrics", "operator admin", true, "operate", null),
        ("GET", "/api/v1/queue", "operator admin", true, "operate", null),
        ("GET", "/api/v1/workers", "operator admin", true, "operate", null),
        ("GET", "/api/v1/operations", "operator admin", true, "operate", null),
        ("GET", "/api/v1/scaling", "operator admin", true, "operate", null),
        ("GET", "/api/v1/stores", "operator admin", true, "operate", null),
        ("POST", "/api/v1/operations:cancel", "operator admin", true, "operate", "{\"invocation\":\"none\"}"u8.ToArray()),
        ("POST", "/api/v1/workers:drain", "operator admin", true, "operate", "{\"name\":\"none\"}"u8.ToArray()),
        ("GET", "/api/v1/builds", "reader developer ci operator node admin", true, "read-ac", null),
        ("GET", "/api/v1/stats", "reader developer ci operator node admin", true, "read-ac", null),
        ("GET", "/api/v1/builds?instance={instance}", "reader developer ci operator node admin", false, "read-ac", null),
        ("GET", "/api/v1/stats?instance={instance}", "reader developer ci operator node admin", false, "read-ac", null),
        ("GET", "/api/v1/builds/none", "reader developer ci operator node admin", true, "read-ac", null),
        ("GET", "/api/v1/builds/none/actions", "reader developer ci operator node admin", true, "read-ac", null),
        ("GET", "/api/v1/builds/none/targets", "reader developer ci operator node admin", true, "read-ac", null),
        ("GET", "/api/v1/builds/none/tests", "reader developer ci operator node admin", true, "read-ac", null),
        ("GET", "/api/v1/builds/none/causes", "reader developer ci operator node admin", true, "read-ac", null),
        ("GET", "/api/v1/builds/none/critical-path", "reader developer ci operator node admin", true, "read-ac", null),
        ("GET", "/api/v1/actions/{hash}/explanation?instance={instance}", "reader developer ci operator node admin", false, "read-ac", null),
        ("GET", "/api/v1/actions/{hash}/100/explanation?instance={instance}", "reader developer ci operator node admin", false, "read-ac", null),
        ("GET", "/api/v1/operations/{instance}/" + AnyOperation, "developer ci operator node admin", false, "execute or operate", null),
        ("GET", "/api/v1/operations/{instance}/" + AnyOperation + "/stdout", "developer ci operator node admin", false, "execute or operate", null),
        ("GET", "/api/v1/operations/{instance}/" + AnyOperation + "/stderr", "developer ci operator node admin", false, "execute or operate", null),
        ("GET", "/api/v1/actions/{hash}/100?instance={instance}", "reader developer ci operator node admin", false, "read", null), // who may read blobs alone may see the one half of it, but not the other
        ("GET", "/api/v1/actions/{hash}/100/replay?instance={instance}", "reader developer ci operator node admin", false, "read", null),
        ("GET", "/api/v1/directories/{hash}/100?instance={instance}", "reader developer ci operator node admin", false, "read-cas", null),
        ("GET", "/api/v1/directories/{hash}/100.tar.zst?instance={instance}", "reader developer ci operator node admin", false, "read-cas", null),
        ("GET", "/api/v1/trees/{hash}/100?instance={instance}", "reader developer ci operator node admin", false, "read-cas", null),
        ("GET", "/api/v1/trees/{hash}/100.tar.zst?instance={instance}", "reader developer ci operator node admin", false, "read-cas", null),
        ("GET", "/api/v1/blobs/{hash}/100?instance={instance}", "reader developer ci operator node admin", false, "read-cas", null),
        ("GET", "/{instance}/cas/{hash}", "reader developer ci operator node admin", false, "read-cas", null),
        ("HEAD", "/{instance}/cas/{hash}", "reader developer ci operator node admin", false, "", null),
        ("PUT", "/{instance}/cas/{hash}", "developer ci node admin", false, "write-cas", blob.Content),
        ("GET", "/{instance}/ac/{hash}", "reader developer ci operator node admin", false, "read-ac", null),
        ("PUT", "/{instance}/ac/{hash}", "ci node admin", false, "write-ac", new ActionResult { ExitCode = 1 }.ToByteArray()),
        ("DELETE", "/{instance}/ac/{hash}", "ci node admin", false, "write-ac", null),
        ("POST", "/{instance}/ac/{hash}", "admin", false, "admin", []),
        ("GET", "/pypi/{index}/simple/", "reader developer ci operator node admin", false, "read-cas", null),
        ("GET", "/pypi/{index}/main/simple/demo/", "reader developer ci operator node admin", false, "read-cas", null),
        ("GET", "/pypi/{index}/files/demo/demo-1.0.tar.gz", "reader developer ci operator node admin", false, "read-cas", null),
        ("GET", "/anything/else", "admin", true, "admin", null),
    ];

    public async ValueTask InitializeAsync()
    {
        access = await AccessServer.StartAsync(["execution.enabled=true", .. new[] { Mine, Others }.Select(instance => $"pypi.indexes.{IndexOf(instance)}.instance={instance}")]);
        everywhere = [.. presets.Select(preset => access.Create(preset))];
        inTeam = [.. presets.Select(preset => access.Create(preset, ["team"]))];
        await access.WaitForAsync(inTeam[^1], isGood: true);
        foreach (string instance in new[] { Mine, Others })
        {
            foreach ((string method, _, _, _, Func<string, IMessage> request) in methods.Where(row => row.Method is Cas + "BatchUpdateBlobs" or Re + "ActionCache/UpdateActionResult"))
                Assert.Equal(StatusCode.Ok, (await access.OutcomeAsync(method, request(instance), AccessServer.Bearer(everywhere[^1]))).Code);
        }
    }

    public ValueTask DisposeAsync() => access.DisposeAsync();

    [Fact]
    public void Every_method_that_is_offered_to_clients_is_in_the_table() => Assert.Equal(
        Server.Auth.MethodRights.Rows.Keys.Where(method => !method.Contains("worker", StringComparison.Ordinal) && !method.Contains("logstream", StringComparison.Ordinal)).Order(StringComparer.Ordinal),
        methods.Select(row => row.Method).Order(StringComparer.Ordinal));

    [Fact]
    public async Task Each_role_may_call_what_the_table_says_and_nothing_else()
    {
        List<string> wrong = [];
        foreach ((string method, string who, bool isEverywhere, string right, Func<string, IMessage> request) in methods)
        {
            foreach ((int preset, string token, bool isLimited, string instance) in Callers())
            {
                RpcStatus outcome = await access.OutcomeAsync(method, request(instance), AccessServer.Bearer(token));
                bool may = Expect(who, presets[preset], isLimited && (isEverywhere || (instance == Others && !method.StartsWith(Events, StringComparison.Ordinal))));
                bool isDenied = outcome.Code is StatusCode.PermissionDenied or StatusCode.Unauthenticated;
                if (isDenied == may || (isDenied && (outcome.Code != StatusCode.PermissionDenied || !outcome.Message.StartsWith($"the {presets[preset]} (token) lacks the right {right}", StringComparison.Ordinal))))
                    wrong.Add($"{method} by {presets[preset]}{(isLimited ? " of team" : "")} in {instance}: {outcome}");
            }
        }

        Assert.Equal("", string.Join('\n', wrong));
    }

    [Fact]
    public async Task Each_role_may_ask_over_HTTP_what_the_table_says_and_nothing_else()
    {
        List<string> wrong = [];
        foreach ((string method, string path, string who, bool isEverywhere, string right, byte[]? body) in paths)
        {
            foreach ((int preset, string token, bool isLimited, string instance) in Callers())
            {
                string filled = path.Replace("{instance}", instance, StringComparison.Ordinal).Replace("{index}", IndexOf(instance), StringComparison.Ordinal).Replace("{hash}", blob.Digest.Hash.ToString(), StringComparison.Ordinal);
                (int status, string answer, _) = await access.AskAsync(method, filled, AccessServer.Bearer(token), body);
                bool may = Expect(who, presets[preset], isLimited && (isEverywhere || instance == Others));
                if (status is 401 or >= 500 || status == 403 == may || (!may && method != "HEAD" && !answer.Contains($"the {presets[preset]} (token) lacks the right {right}", StringComparison.Ordinal)))
                    wrong.Add($"{method} {filled} by {presets[preset]}{(isLimited ? " of team" : "")}: {status} {answer}");
            }
        }

        Assert.Equal("", string.Join('\n', wrong));
    }

    [Fact]
    public async Task Who_shows_nothing_good_may_do_nothing_that_is_not_for_everybody()
    {
        string expired = access.Create("admin", expires: DateTimeOffset.UnixEpoch), revoked = access.Create("admin"), later = access.Create("reader");
        access.Revoke(revoked);
        await access.WaitForAsync(later, isGood: true);
        await access.WaitForAsync(revoked, isGood: false);
        string good = everywhere[^1];
        (string? Shown, string Words)[] strangers =
        [
            (null, "this server has to know who calls: show a token"),
            (AccessServer.Bearer(expired), "has expired: have another one made"),
            (AccessServer.Bearer(revoked), "was revoked: have another one made"),
            (AccessServer.Bearer(good[..^1] + (good[^1] == '0' ? '1' : '0')), "the token is not good here"),
            (AccessServer.Bearer(good[..^1]), "the token is not good here"),
            (AccessServer.Bearer(good + "0"), "the token is not good here"),
            (AccessServer.Bearer(good.ToUpperInvariant()), "of no kind that this server takes"),
            (AccessServer.Bearer("rxt_000000000000_" + good[^64..]), "the token is not good here"),
            (AccessServer.Bearer(""), "of no kind that this server takes"),
            (AccessServer.Basic("admin", "password"), "of no kind that this server takes"),
            (AccessServer.Basic(good, ""), "of no kind that this server takes"),
            (AccessServer.Basic("ann", good[..^1]), "the token is not good here"),
            ("Basic ?", "of no kind that this server takes"),
            (good, "of no kind that this server takes"),
        ];
        List<string> wrong = [];
        foreach ((string? shown, string words) in strangers)
        {
            foreach ((string method, string who, _, _, Func<string, IMessage> request) in methods)
            {
                RpcStatus outcome = await access.OutcomeAsync(method, request(Mine), shown);
                if (who == Everybody ? outcome.Code != StatusCode.Ok : outcome.Code != StatusCode.Unauthenticated || !outcome.Message.Contains(words, StringComparison.Ordinal))
                    wrong.Add($"{method} with {shown}: {outcome}");
            }

            foreach ((string method, string path, string who, _, _, byte[]? body) in paths)
            {
                string filled = path.Replace("{instance}", Mine, StringComparison.Ordinal).Replace("{index}", IndexOf(Mine), StringComparison.Ordinal).Replace("{hash}", blob.Digest.Hash.ToString(), StringComparison.Ordinal);
                (int status, string answer, System.Net.Http.Headers.HttpResponseHeaders headers) = await access.AskAsync(method, filled, shown, body);
                if (who == Everybody ? status is not (200 or 302) : status != 401 || headers.WwwAuthenticate.ToString() is not "Basic realm=\"remoteexec\", charset=\"UTF-8\"" || (method != "HEAD" && !answer.Contains(words, StringComparison.Ordinal)))
                    wrong.Add($"{method} {filled} with {shown}: {status} {answer}");
            }
        }

        Assert.Equal("", string.Join('\n', wrong));
    }

    [Fact]
    public async Task A_token_is_as_good_as_the_password_of_any_user()
    {
        foreach (string shown in new[] { AccessServer.Basic("ann", inTeam[0]), AccessServer.Basic("", inTeam[0]), AccessServer.Basic("bob", inTeam[0]).Replace("Basic", "basic", StringComparison.Ordinal) })
        {
            Assert.Equal(200, (await access.AskAsync("GET", $"/{Mine}/cas/{blob.Digest.Hash}", shown)).Status);
            Assert.Equal(403, (await access.AskAsync("GET", $"/{Others}/cas/{blob.Digest.Hash}", shown)).Status);
            Assert.Equal(StatusCode.Ok, (await access.OutcomeAsync(Cas + "BatchReadBlobs", new BatchReadBlobsRequest { InstanceName = Mine, Digests = { blob.Digest.ToProto() } }, shown)).Code);
        }
    }

    [Fact]
    public async Task Nothing_of_what_was_denied_has_happened()
    {
        TestBlob secret = TestBlob.Random(7, 50);
        string developer = AccessServer.Bearer(inTeam[1]), admin = AccessServer.Bearer(everywhere[^1]);
        await access.AskAsync("PUT", $"/{Others}/cas/{secret.Digest.Hash}", developer, secret.Content);
        await access.AskAsync("PUT", $"/{Mine}/ac/{secret.Digest.Hash}", developer, new ActionResult { ExitCode = 1 }.ToByteArray());
        await access.OutcomeAsync(Re + "ActionCache/UpdateActionResult", new UpdateActionResultRequest { InstanceName = Mine, ActionDigest = secret.Digest.ToProto(), ActionResult = new ActionResult { ExitCode = 1, StdoutRaw = ByteString.CopyFrom(secret.Content) } }, developer);

        Assert.Equal(404, (await access.AskAsync("GET", $"/{Others}/cas/{secret.Digest.Hash}", admin)).Status);
        Assert.Equal(404, (await access.AskAsync("GET", $"/{Mine}/cas/{secret.Digest.Hash}", admin)).Status);
        Assert.Equal(404, (await access.AskAsync("GET", $"/{Mine}/ac/{secret.Digest.Hash}", admin)).Status);
    }

    private IEnumerable<(int Preset, string Token, bool IsLimited, string Instance)> Callers() =>
        from preset in Enumerable.Range(0, presets.Length)
        from isLimited in new[] { false, true }
        from instance in new[] { Mine, Others }
        select (preset, isLimited ? inTeam[preset] : everywhere[preset], isLimited, instance);

    private static string IndexOf(string instance) => instance.Replace('/', '-');

    private static bool Expect(string who, string preset, bool isOutOfReach) => who == Everybody || (!isOutOfReach && who.Split(' ').Contains(preset));
}
