using Build.Bazel.Remote.Execution.V2;
using Build.Bazel.Remote.LogStream.v1;
using Google.Bytestream;
using Google.Protobuf;
using Grpc.Health.V1;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Auth.Leases;
using RemoteExec.Server.Configuration;
using RemoteExec.Server.Hosting;

namespace RemoteExec.Server.Tests.Auth.Leases;

/// <summary>Who may do what on the listener of workers of a server that tells callers apart. What is expected stands here in full, and is not what the server looks it up in.</summary>
public sealed class WorkerListenerTests : IDisposable
{
    private const string Mine = "team/app";
    private const string Re = "/build.bazel.remote.execution.v2.", Cas = Re + "ContentAddressableStorage/", Bytes = "/google.bytestream.ByteStream/";
    private const string Synchronize = "/remoteexec.worker.v1.WorkerQueue/Synchronize", CreateLog = "/build.bazel.remote.logstream.v1.LogStreamService/CreateLogStream";
    private const string OldToken = "a-token-of-listeners.workerAuth";
    private static readonly TestBlob blob = TestBlob.Random(1, 100), absent = TestBlob.Random(2, 100);
    private static readonly string[] instances = [Mine, "other", "team", "team/app/below", ""];
    private readonly TemporaryDirectory files = new();

    /// <summary>Who may, in which instances: <c>lease</c> and <c>ahead</c> (for inputs that are read ahead) only in that of their lease, unless the method is of none.</summary>
    private static readonly (string Method, string Who, bool IsOfNone, string Right, Func<string, IMessage> Request)[] methods =
    [
        ("/grpc.health.v1.Health/Check", "worker old node lease ahead", true, "", _ => new HealthCheckRequest()),
        (Re + "Capabilities/GetCapabilities", "worker old node lease ahead", true, "", instance => new GetCapabilitiesRequest { InstanceName = instance }),
        (Synchronize, "worker old node", true, "work for all instances", _ => new SynchronizeRequest { SlotId = $"{Guid.NewGuid()}", WorkerName = "test", ProtocolMinor = WorkerProtocol.Minor, Leaving = new SynchronizeRequest.Types.Leaving() }),
        (Cas + "FindMissingBlobs", "node lease ahead", false, "read-cas or write-cas", instance => new FindMissingBlobsRequest { InstanceName = instance, BlobDigests = { blob.Digest.ToProto() } }),
        (Cas + "BatchReadBlobs", "node lease ahead", false, "read-cas", instance => new BatchReadBlobsRequest { InstanceName = instance, Digests = { blob.Digest.ToProto() } }),
        (Cas + "GetTree", "node lease ahead", false, "read-cas", instance => new GetTreeRequest { InstanceName = instance, RootDigest = absent.Digest.ToProto() }),
        (Cas + "SplitBlob", "node lease ahead", false, "read-cas", instance => new SplitBlobRequest { InstanceName = instance, BlobDigest = blob.Digest.ToProto() }),
        (Bytes + "Read", "node lease ahead", false, "read-cas", instance => new ReadRequest { ResourceName = $"{Prefix(instance)}blobs/{blob.Digest.Hash}/100" }),
        (Cas + "BatchUpdateBlobs", "node lease", false, "write-cas", instance => new BatchUpdateBlobsRequest
        {
            InstanceName = instance, Requests = { new BatchUpdateBlobsRequest.Types.Request { Digest = blob.Digest.ToProto(), Data = ByteString.CopyFrom(blob.Content) } },
        }),
        (Cas + "SpliceBlob", "node lease", false, "write-cas", instance => new SpliceBlobRequest { InstanceName = instance, BlobDigest = blob.Digest.ToProto(), ChunkDigests = { blob.Digest.ToProto() } }),
        (Bytes + "Write", "node lease", false, "write-cas", instance => new WriteRequest { ResourceName = $"{Prefix(instance)}uploads/{Guid.NewGuid()}/blobs/{blob.Digest.Hash}/100", Data = ByteString.CopyFrom(blob.Content), FinishWrite = true }),
        (Bytes + "QueryWriteStatus", "node lease", false, "write-cas", instance => new QueryWriteStatusRequest { ResourceName = $"{Prefix(instance)}uploads/{Guid.NewGuid()}/blobs/{blob.Digest.Hash}/100" }),
        (CreateLog, "node lease", false, "write-cas", instance => new CreateLogStreamRequest { Parent = instance }),
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => files.Dispose();

    [Fact]
    public async Task A_worker_may_enrol_and_post_and_reads_and_writes_only_what_a_lease_covers()
    {
        await File.WriteAllTextAsync(files["old"], OldToken, Token);
        await using AccessServer access = await AccessServer.StartAsync("listeners.workers=127.0.0.1:0", $"listeners.workerAuth.tokenFile={files["old"]}", "execution.enabled=true");
        await using RpcChannel channel = TestServers.Connect(access.Server, ListenerKind.Workers);
        LeaseKeys keys = LeaseKeys.Parse(await File.ReadAllTextAsync(access.Data[LeaseKeyFile.OwnName], Token));
        (string Who, string Shown)[] callers =
        [
            ("worker", access.Create("worker")), ("old", OldToken), ("node", access.Create("node")), ("reader", access.Create("reader")), ("ci", access.Create("ci")), ("part", access.Create("worker", ["team"])),
            ("lease", Sign(keys, LeaseGrant.Most)), ("ahead", Sign(keys, Right.ReadCas)),
        ];
        await access.WaitForAsync(callers[5].Shown, isGood: true);
        foreach (string instance in instances)
            Assert.Equal(RpcStatus.Ok, await AccessServer.OutcomeAsync(channel, methods.Single(row => row.Method == Cas + "BatchUpdateBlobs").Method, methods.Single(row => row.Method == Cas + "BatchUpdateBlobs").Request(instance), AccessServer.Bearer(callers[2].Shown)));

        List<string> wrong = [];
        foreach ((string method, string who, bool isOfNone, string right, Func<string, IMessage> request) in methods)
        {
            foreach ((string caller, string shown) in callers)
            {
                foreach (string instance in instances)
                {
                    RpcStatus outcome = await AccessServer.OutcomeAsync(channel, method, request(instance), AccessServer.Bearer(shown));
                    bool may = who.Split(' ').Contains(caller) && (isOfNone || instance == Mine || caller == "node");
                    string words = caller is "reader" or "ci" or "part" ? "lacks the right work for all instances" : $"lacks the right {right}";
                    if (outcome.Code is StatusCode.PermissionDenied == may || outcome.Code == StatusCode.Unauthenticated || (!may && !outcome.Message.Contains(words, StringComparison.Ordinal)))
                        wrong.Add($"{method} by {caller} in '{instance}': {outcome}");
                }
            }
        }

        Assert.Equal("", string.Join('\n', wrong));
    }

    [Fact]
    public async Task What_is_wrong_with_a_lease_token_is_told()
    {
        await using AccessServer access = await AccessServer.StartAsync("listeners.workers=127.0.0.1:0", "execution.enabled=true");
        await using RpcChannel channel = TestServers.Connect(access.Server, ListenerKind.Workers);
        LeaseKeys keys = LeaseKeys.Parse(await File.ReadAllTextAsync(access.Data[LeaseKeyFile.OwnName], Token));
        string worker = access.Create("worker"), good = Sign(keys, LeaseGrant.Most);
        await access.WaitForAsync(worker, isGood: true);
        FindMissingBlobsRequest find = new() { InstanceName = Mine, BlobDigests = { blob.Digest.ToProto() } };

        Assert.Equal(RpcStatus.Ok, await AskAsync(good));
        Assert.Contains("expired", (await AskAsync(Sign(keys, LeaseGrant.Most, TimeSpan.FromSeconds(-1)))).Message, StringComparison.Ordinal);
        Assert.Contains("setting auth.leases.keyFile", (await AskAsync(Sign(LeaseKeys.Parse(LeaseKeys.NewLine()), LeaseGrant.Most))).Message, StringComparison.Ordinal);
        Assert.Equal("the lease token is none, or not all of it was sent", (await AskAsync(good[..^1])).Message);
        Assert.StartsWith("the worker (token) lacks the right read-cas or write-cas in any instance: workers read and write blobs with the token that comes with each action, and are too old if they do not know it", (await AskAsync(worker)).Message, StringComparison.Ordinal);
        RpcStatus atClients = await access.OutcomeAsync(Cas + "FindMissingBlobs", find, AccessServer.Bearer(good));
        Assert.Equal((StatusCode.Unauthenticated, true), (atClients.Code, atClients.Message.Contains("of no kind that this server takes", StringComparison.Ordinal))); // it is for the listener of workers

        Task<RpcStatus> AskAsync(string token) => AccessServer.OutcomeAsync(channel, Cas + "FindMissingBlobs", find, AccessServer.Bearer(token));
    }

    [Fact]
    public async Task A_worker_that_does_not_know_of_leases_is_given_no_action_but_told_to_be_upgraded()
    {
        await using AccessServer access = await AccessServer.StartAsync("listeners.workers=127.0.0.1:0", "execution.enabled=true", "auth.roles={old: {rights: [work, read-cas, write-cas]}}", "execution.leaseDuration=2s");
        await using RpcChannel channel = TestServers.Connect(access.Server, ListenerKind.Workers);
        string worker = access.Create("worker"), trusted = access.Create("old");
        await access.WaitForAsync(trusted, isGood: true);

        RpcStatus refused = await PostAsync(worker);

        Assert.Equal(StatusCode.PermissionDenied, refused.Code);
        Assert.Equal("worker 'aged' speaks 1.5 of the worker protocol, and this server gives access to blobs by what 1.6 knows: upgrade the worker", refused.Message);
        Assert.Equal(RpcStatus.Ok, await PostAsync(trusted)); // needs no lease

        Task<RpcStatus> PostAsync(string token) => AccessServer.OutcomeAsync(
            channel, Synchronize, new SynchronizeRequest { SlotId = $"{Guid.NewGuid()}", WorkerName = "aged", ProtocolMinor = 5, Idle = new SynchronizeRequest.Types.Idle() }, AccessServer.Bearer(token));
    }

    [Fact]
    public async Task The_private_socket_of_the_worker_inside_needs_no_lease()
    {
        await using AccessServer access = await AccessServer.StartAsync("listeners.workers=127.0.0.1:0", "worker.slots=1");
        await using var inside = new RpcChannel(RpcAddress.Parse($"unix:{access.Data["worker.sock"]}"));

        foreach ((string method, _, _, _, Func<string, IMessage> request) in methods)
            Assert.NotEqual(StatusCode.PermissionDenied, (await AccessServer.OutcomeAsync(inside, method, request(Mine), null)).Code);
    }

    [Fact]
    public async Task The_key_stays_the_same_and_is_for_nobody_else_to_read()
    {
        await using (AccessServer access = await AccessServer.StartAsync("listeners.workers=127.0.0.1:0"))
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(access.Data[LeaseKeyFile.OwnName]));
        await File.WriteAllTextAsync(files["tokens"], "# none yet\n", Token);
        await (await TestServers.StartAsync(files, $"auth.tokens.file={files["tokens"]}", "listeners.workers=127.0.0.1:0")).DisposeAsync();
        string key = await File.ReadAllTextAsync(files[LeaseKeyFile.OwnName], Token);

        await (await TestServers.StartAsync(files, $"auth.tokens.file={files["tokens"]}", "listeners.workers=127.0.0.1:0")).DisposeAsync();

        Assert.Equal(key, await File.ReadAllTextAsync(files[LeaseKeyFile.OwnName], Token));
    }

    [Fact]
    public async Task A_server_that_does_not_tell_callers_apart_has_no_key()
    {
        await File.WriteAllTextAsync(files["old"], OldToken, Token);

        await (await TestServers.StartAsync(files, $"listeners.workerAuth.tokenFile={files["old"]}", "listeners.workers=127.0.0.1:0")).DisposeAsync();

        Assert.False(File.Exists(files[LeaseKeyFile.OwnName]));
    }

    [Fact]
    public void Servers_that_share_a_scheduler_have_to_share_a_key()
    {
        string[] settings = ["auth.tokens.file=/etc/tokens", "listeners.workers=127.0.0.1:0", "execution.scheduler={ha: redis, redis: {endpoints: 'r:6379'}}"];

        ConfigException exception = Assert.Throws<ConfigException>(() => TestServers.OptionsOf(files, settings));

        Assert.Contains("auth: leases.keyFile is missing", Assert.Single(exception.Problems).ToString(), StringComparison.Ordinal);
        Assert.True(TestServers.OptionsOf(files, [.. settings, "auth.leases.keyFile=/etc/keys"]).GivesLeaseTokens);
        Assert.False(TestServers.OptionsOf(files, [.. settings, "listeners.workerAuth.insecure=true"]).GivesLeaseTokens);
        Assert.False(TestServers.OptionsOf(files, "listeners.workers=127.0.0.1:0", "auth.leases.keyFile=/etc/keys").GivesLeaseTokens); // whoever gets there may
        Assert.True(TestServers.OptionsOf(files, "listeners.workers=127.0.0.1:0", "auth.leases.keyFile=/etc/keys", "listeners.workerAuth.tokenFile=/etc/old").GivesLeaseTokens); // a scheduler behind front ends that know callers
    }

    [Theory]
    [InlineData("/not/there", "/not/there: there is no such file (setting auth.leases.keyFile)")]
    public async Task A_file_of_keys_that_is_not_there_ends_the_start(string file, string words)
    {
        await File.WriteAllTextAsync(files["tokens"], "# none yet\n", Token);

        StartupException exception = await Assert.ThrowsAsync<StartupException>(() => TestServers.StartAsync(files, $"auth.tokens.file={files["tokens"]}", "listeners.workers=127.0.0.1:0", $"auth.leases.keyFile={file}"));

        Assert.Equal(words, exception.Message);
    }

    [Fact]
    public async Task A_lease_is_as_good_at_a_server_that_carries_calls_on_to_the_scheduler()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        string worker = AccessServer.Create(files["tokens"], "worker"), developer = AccessServer.Create(files["tokens"], "developer"), node = AccessServer.Create(files["tokens"], "node");
        await File.WriteAllTextAsync(files["worker"], worker, Token);
        await File.WriteAllTextAsync(files["node"], node, Token);
        await File.WriteAllTextAsync(files["keys"], "what the servers of this test sign with", Token);
        string[] settings = [$"auth.tokens.file={files["tokens"]}", $"auth.leases.keyFile={files["keys"]}", "listeners.workers=127.0.0.1:0"];
        string shared = $"ha: redis, redis: {{endpoints: '{redis.Endpoint}'}}, peers: {{tokenFile: {files["worker"]}, clientTokenFile: {files["node"]}}}"; // servers are workers to each other, with no right to blobs
        await using AccessServer scheduler = await AccessServer.StartAsync([.. settings, $"execution.scheduler={{{shared}}}"]), front = await AccessServer.StartAsync([.. settings, $"execution.scheduler={{{shared}, candidate: false}}"]);
        await using RpcChannel channel = TestServers.Connect(front.Server, ListenerKind.Workers);
        TestBlob command = TestBlob.Of(new Command { Arguments = { "true" } }.ToByteArray());
        TestBlob action = TestBlob.Of(new Reapi.Action { CommandDigest = command.Digest.ToProto(), InputRootDigest = TestBlob.Of([]).Digest.ToProto(), Platform = HandWorker.PlatformOf("hand") }.ToByteArray());
        foreach (TestBlob one in new[] { command, action })
            Assert.Equal(201, (await scheduler.AskAsync("PUT", $"/{Mine}/cas/{one.Digest.Hash}", AccessServer.Bearer(developer), one.Content)).Status);
        var hand = new HandWorker(channel, AccessServer.Bearer(worker), "hand");
        Task<SynchronizeResponse> waiting = hand.WaitForActionAsync(Token);
        var execute = new ExecuteRequest { InstanceName = Mine, ActionDigest = action.Digest.ToProto() };
        while (await AccessServer.OutcomeAsync(front.Channel, Re + "Execution/Execute", execute, AccessServer.Bearer(developer)) is { Code: StatusCode.Unavailable or StatusCode.FailedPrecondition })
            await Task.Delay(20, Token);

        SynchronizeResponse.Types.Execute given = (await waiting).Execute;

        Assert.Equal(Mine, given.InstanceName);
        string lease = AccessServer.Bearer(given.LeaseToken);
        Assert.Equal(RpcStatus.Ok, await AccessServer.OutcomeAsync(channel, Cas + "FindMissingBlobs", new FindMissingBlobsRequest { InstanceName = Mine, BlobDigests = { blob.Digest.ToProto() } }, lease));
        Assert.Equal("by hand for hand (lease " + given.LeaseId + ") lacks the right read-cas or write-cas in instance 'other'", (await AccessServer.OutcomeAsync(channel, Cas + "FindMissingBlobs", new FindMissingBlobsRequest { InstanceName = "other", BlobDigests = { blob.Digest.ToProto() } }, lease)).Message);
        var options = new RpcCallOptions { Headers = new RpcMetadata { { "authorization", lease } } };
        LogStream log = await channel.UnaryAsync<CreateLogStreamRequest, LogStream>(CreateLog, new CreateLogStreamRequest { Parent = Mine }, Token, options);
        WriteResponse written = await channel.UnaryAsync<WriteRequest, WriteResponse>(Bytes + "Write", new WriteRequest { ResourceName = log.WriteResourceName, Data = ByteString.CopyFromUtf8("said") }, Token, options);
        Assert.Equal(4, written.CommittedSize);
        Assert.Equal(4, (await channel.UnaryAsync<QueryWriteStatusRequest, QueryWriteStatusResponse>(Bytes + "QueryWriteStatus", new QueryWriteStatusRequest { ResourceName = log.WriteResourceName }, Token, options)).CommittedSize);
        Assert.Equal(StatusCode.PermissionDenied, (await AccessServer.OutcomeAsync(channel, CreateLog, new CreateLogStreamRequest { Parent = "other" }, lease)).Code);
        Assert.Equal(StatusCode.PermissionDenied, (await AccessServer.OutcomeAsync(channel, CreateLog, new CreateLogStreamRequest { Parent = Mine }, AccessServer.Bearer(worker))).Code);
        Assert.NotEqual(given.LeaseToken, (await hand.PostAsync(request => request.Idle = new SynchronizeRequest.Types.Idle(), Token)).Execute.LeaseToken); // each answer has a new one
        await hand.CompleteAsync(given.LeaseId, Token);
    }

    private static string Prefix(string instance) => instance.Length > 0 ? instance + "/" : "";

    private static string Sign(LeaseKeys keys, Right rights, TimeSpan? lifetime = null) =>
        keys.Sign(new LeaseGrant(InstanceName.Parse(Mine), rights, "17", "worker 7", TimeProvider.System.GetUtcNow() + (lifetime ?? TimeSpan.FromHours(1))));
}
