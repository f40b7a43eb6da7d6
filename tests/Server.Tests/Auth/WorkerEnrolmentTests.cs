using System.Net;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Grpc.Health.V1;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Auth;
using RemoteExec.Server.Hosting;

namespace RemoteExec.Server.Tests.Auth;

/// <summary>Who may do what on the listener of workers.</summary>
public sealed class WorkerEnrolmentTests : IDisposable
{
    private const string Token = "a-token-for-workers-0123456789";
    private const string Cas = "/build.bazel.remote.execution.v2.ContentAddressableStorage/";
    private const string Synchronize = "/remoteexec.worker.v1.WorkerQueue/Synchronize";
    private const string UpdateActionResult = "/build.bazel.remote.execution.v2.ActionCache/UpdateActionResult";
    private readonly TemporaryDirectory data = new();

    public void Dispose() => data.Dispose();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private Task<RunningServer> StartAsync(params IEnumerable<string> settings) => TestServers.StartAsync(data, ["listeners.workers=127.0.0.1:0", .. settings]);

    private Task<RunningServer> StartWithTokenAsync(params IEnumerable<string> settings)
    {
        File.WriteAllText(data["tokens"], Token);
        return StartAsync([$"listeners.workerAuth.tokenFile={data["tokens"]}", .. settings]);
    }

    private static RpcChannel Connect(RunningServer server, string? token) =>
        TestServers.Connect(server, ListenerKind.Workers, new RpcChannelOptions { Authorization = () => token is null ? null : BearerTokens.ToHeader(token) });

    private static Task<SynchronizeResponse> SynchronizeAsync(RpcChannel channel) => channel.UnaryAsync<SynchronizeRequest, SynchronizeResponse>(
        Synchronize, new SynchronizeRequest { SlotId = "slot", WorkerName = "test", Platform = new Reapi.Platform(), Leaving = new SynchronizeRequest.Types.Leaving() }, Cancellation);

    private static async Task<RpcStatus> FailureOfAsync(Func<Task> call) => (await Assert.ThrowsAsync<RpcException>(call)).Status;

    private static Task<Reapi.ActionResult> UpdateAsync(RpcChannel channel, TestBlob action) => channel.UnaryAsync<Reapi.UpdateActionResultRequest, Reapi.ActionResult>(
        UpdateActionResult, new Reapi.UpdateActionResultRequest { ActionDigest = action.Digest.ToProto(), ActionResult = new Reapi.ActionResult { ExitCode = 1 } }, Cancellation);

    [Fact]
    public async Task A_worker_with_a_token_writes_the_CAS_and_gets_its_actions()
    {
        await using RunningServer server = await StartWithTokenAsync();
        await using RpcChannel worker = Connect(server, Token);
        await using RpcChannel client = TestServers.Connect(server);
        TestBlob blob = TestBlob.Random(1, 1000);

        var update = new Reapi.BatchUpdateBlobsRequest { Requests = { new Reapi.BatchUpdateBlobsRequest.Types.Request { Digest = blob.Digest.ToProto(), Data = ByteString.CopyFrom(blob.Content) } } };
        await worker.UnaryAsync<Reapi.BatchUpdateBlobsRequest, Reapi.BatchUpdateBlobsResponse>($"{Cas}BatchUpdateBlobs", update, Cancellation);

        var find = new Reapi.FindMissingBlobsRequest { BlobDigests = { blob.Digest.ToProto() } };
        Assert.Empty((await client.UnaryAsync<Reapi.FindMissingBlobsRequest, Reapi.FindMissingBlobsResponse>($"{Cas}FindMissingBlobs", find, Cancellation)).MissingBlobDigests);
        Assert.NotNull(await SynchronizeAsync(worker));
        HealthCheckResponse health = await worker.UnaryAsync<HealthCheckRequest, HealthCheckResponse>("/grpc.health.v1.Health/Check", new HealthCheckRequest(), Cancellation);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, health.Status);
    }

    [Fact]
    public async Task A_worker_can_neither_read_nor_write_the_action_cache_nor_execute()
    {
        TestBlob action = TestBlob.Random(2, 100);
        await using RunningServer server = await StartWithTokenAsync();
        await using RpcChannel worker = Connect(server, Token);
        await using RpcChannel client = TestServers.Connect(server);

        RpcStatus update = await FailureOfAsync(() => UpdateAsync(worker, action));
        RpcStatus get = await FailureOfAsync(() => GetAsync(worker));
        RpcStatus execute = await FailureOfAsync(() => worker.UnaryAsync<Reapi.ExecuteRequest, Google.LongRunning.Operation>(
            "/build.bazel.remote.execution.v2.Execution/Execute", new Reapi.ExecuteRequest(), Cancellation));

        Assert.Equal([StatusCode.Unimplemented, StatusCode.Unimplemented, StatusCode.Unimplemented], new[] { update.Code, get.Code, execute.Code });
        Assert.Equal(StatusCode.NotFound, (await FailureOfAsync(() => GetAsync(client))).Code);
        await UpdateAsync(client, action); // who may, can
        Assert.NotNull(await GetAsync(client));

        Task<Reapi.ActionResult> GetAsync(RpcChannel channel) => channel.UnaryAsync<Reapi.GetActionResultRequest, Reapi.ActionResult>(
            "/build.bazel.remote.execution.v2.ActionCache/GetActionResult", new Reapi.GetActionResultRequest { ActionDigest = action.Digest.ToProto() }, Cancellation);
    }

    [Theory]
    [InlineData("PUT", "ac")]
    [InlineData("GET", "ac")]
    [InlineData("GET", "cas")]
    [InlineData("POST", "ac")]
    public async Task What_is_served_over_plain_HTTP_elsewhere_is_not_served_to_workers(string method, string kind)
    {
        TestBlob action = TestBlob.Random(3, 100);
        await using RunningServer server = await StartWithTokenAsync();
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(new HttpMethod(method), $"http://{server.Listeners.Single(listener => listener.Kind == ListenerKind.Workers).Address}/{kind}/{action.Digest.Hash}")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(new Reapi.ActionResult { ExitCode = 0 }.ToByteArray()),
        };
        request.Headers.Add("authorization", BearerTokens.ToHeader(Token));

        using HttpResponseMessage response = await http.SendAsync(request, Cancellation);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
    }

    [Theory]
    [InlineData(null, "only workers that are enrolled may call this address; give the worker --token-file")]
    [InlineData("a-token-for-workers-0123456780", "the worker's token is not good here; give the worker --token-file")]
    [InlineData("a-token-for-workers-012345678", "the worker's token is not good here; give the worker --token-file")]
    public async Task A_stranger_can_do_nothing(string? token, string words)
    {
        await using RunningServer server = await StartWithTokenAsync();
        await using RpcChannel stranger = Connect(server, token);

        List<RpcStatus> refusals =
        [
            await FailureOfAsync(() => SynchronizeAsync(stranger)),
            await FailureOfAsync(() => stranger.UnaryAsync<Reapi.FindMissingBlobsRequest, Reapi.FindMissingBlobsResponse>($"{Cas}FindMissingBlobs", new Reapi.FindMissingBlobsRequest(), Cancellation)),
            await FailureOfAsync(() => stranger.UnaryAsync<Reapi.BatchUpdateBlobsRequest, Reapi.BatchUpdateBlobsResponse>($"{Cas}BatchUpdateBlobs", new Reapi.BatchUpdateBlobsRequest(), Cancellation)),
            await FailureOfAsync(() => stranger.UnaryAsync<Google.Bytestream.ReadRequest, Google.Bytestream.ReadResponse>("/google.bytestream.ByteStream/Read", new Google.Bytestream.ReadRequest(), Cancellation)),
            await FailureOfAsync(() => stranger.UnaryAsync<Reapi.GetCapabilitiesRequest, Reapi.ServerCapabilities>("/build.bazel.remote.execution.v2.Capabilities/GetCapabilities", new Reapi.GetCapabilitiesRequest(), Cancellation)),
            await FailureOfAsync(() => stranger.UnaryAsync<HealthCheckRequest, HealthCheckResponse>("/grpc.health.v1.Health/Check", new HealthCheckRequest(), Cancellation)),
        ];

        Assert.All(refusals, refusal => Assert.Equal(StatusCode.Unauthenticated, refusal.Code));
        Assert.All(refusals, refusal => Assert.StartsWith(words, refusal.Message, StringComparison.Ordinal));
        Assert.All(refusals, refusal => Assert.DoesNotContain(Token, refusal.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_private_socket_of_the_worker_inside_needs_no_token()
    {
        await using RunningServer server = await StartWithTokenAsync("worker.slots=1");
        await using var inside = new RpcChannel(RpcAddress.Parse($"unix:{data["worker.sock"]}"));

        Assert.NotNull(await SynchronizeAsync(inside));
    }

    [Fact]
    public async Task A_certificate_will_do_if_it_is_of_the_right_authority_for_clients_and_valid()
    {
        using X509Certificate2 root = TestCertificates.IssueAuthority("root");
        using X509Certificate2 between = TestCertificates.IssueAuthority("between", root);
        using X509Certificate2 other = TestCertificates.IssueAuthority("root"); // of the same name
        using X509Certificate2 serverLeaf = TestCertificates.Issue("localhost", root);
        TestCertificates.Write(serverLeaf, data["tls.pem"], data["tls.key"]);
        await File.WriteAllTextAsync(data["root.pem"], root.ExportCertificatePem(), Cancellation);
        await File.WriteAllTextAsync(data["workers.pem"], root.ExportCertificatePem() + "\n" + between.ExportCertificatePem(), Cancellation);
        await using RunningServer server = await StartAsync(
            $"listeners.tls.certificate={data["tls.pem"]}", $"listeners.tls.key={data["tls.key"]}", $"listeners.workerAuth.clientCa={data["workers.pem"]}");

        Assert.Null(await CallAsync(TestCertificates.Issue("worker", root)));
        Assert.Null(await CallAsync(TestCertificates.Issue("worker", between, TestCertificates.ForClients)));
        Assert.StartsWith("only workers that are enrolled may call this address; give the worker --cert and --key", await CallAsync(null), StringComparison.Ordinal);
        const string NotGood = "the worker's certificate is not good here";
        Assert.StartsWith(NotGood, await CallAsync(TestCertificates.Issue("worker", other)), StringComparison.Ordinal);
        Assert.StartsWith(NotGood, await CallAsync(TestCertificates.Issue("worker", root, TestCertificates.ForServers)), StringComparison.Ordinal);
        Assert.StartsWith(NotGood, await CallAsync(TestCertificates.Issue("worker", root, until: TimeProvider.System.GetUtcNow().AddDays(-1))), StringComparison.Ordinal);

        async Task<string?> CallAsync(X509Certificate2? certificate)
        {
            System.Net.Security.SslClientAuthenticationOptions ssl = RpcTrust.InPemFile(data["root.pem"]);
            if (certificate is not null)
            {
                TestCertificates.Write(certificate, data["worker.pem"], data["worker.key"]);
                ssl = ssl.Showing(data["worker.pem"], data["worker.key"]);
                certificate.Dispose();
            }

            int port = server.Listeners.Single(listener => listener.Kind == ListenerKind.Workers).Address.EndPoint!.Port;
            await using var channel = new RpcChannel(RpcAddress.Parse($"grpcs://localhost:{port}"), new RpcChannelOptions { Ssl = ssl });
            try
            {
                await SynchronizeAsync(channel);
                return null;
            }
            catch (RpcException exception) when (exception.Code == StatusCode.Unauthenticated)
            {
                return exception.Status.Message;
            }
        }
    }

    [Fact]
    public async Task Clients_are_not_asked_for_what_workers_show()
    {
        await using RunningServer server = await StartWithTokenAsync();
        await using RpcChannel client = TestServers.Connect(server);

        Assert.NotNull(await client.UnaryAsync<Reapi.GetCapabilitiesRequest, Reapi.ServerCapabilities>(
            "/build.bazel.remote.execution.v2.Capabilities/GetCapabilities", new Reapi.GetCapabilitiesRequest(), Cancellation));
    }

    [Theory]
    [InlineData("tokenFile", "there is no such file (setting listeners.workerAuth.tokenFile)")]
    [InlineData("clientCa", "there is no such file (setting listeners.workerAuth.clientCa)")]
    public async Task A_file_that_is_not_there_ends_the_start(string setting, string reason)
    {
        using X509Certificate2 root = TestCertificates.IssueAuthority("localhost");
        TestCertificates.Write(root, data["tls.pem"], data["tls.key"]);

        StartupException exception = await Assert.ThrowsAsync<StartupException>(() => StartAsync(
            $"listeners.tls.certificate={data["tls.pem"]}", $"listeners.tls.key={data["tls.key"]}", $"listeners.workerAuth.{setting}=/not/there"));

        Assert.Equal($"/not/there: {reason}", exception.Message);
    }
}
