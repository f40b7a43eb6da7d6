using Google.Protobuf;
using Grpc.Health.V1;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Hosting;
using RemoteExec.TestKit;

namespace RemoteExec.Server.Tests.Hosting;

public sealed class RunningServerTests
{
    private const string Cas = "/build.bazel.remote.execution.v2.ContentAddressableStorage/";
    private const string Capabilities = "/build.bazel.remote.execution.v2.Capabilities/GetCapabilities";
    private const string Synchronize = "/remoteexec.worker.v1.WorkerQueue/Synchronize";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_uploaded_is_there_after_a_restart()
    {
        using var data = new TemporaryDirectory();
        TestBlob blob = TestBlob.Random(1, 1000);
        await using (RunningServer server = await TestServers.StartAsync(data))
        await using (RpcChannel channel = TestServers.Connect(server))
            await UploadAsync(channel, blob);

        await using RunningServer again = await TestServers.StartAsync(data);
        await using RpcChannel other = TestServers.Connect(again);

        Assert.Empty(await FindMissingAsync(other, blob));
    }

    [Fact]
    [Rule("CAP-01")]
    public async Task A_server_without_workers_offers_a_cache_only()
    {
        using var data = new TemporaryDirectory();
        await using RunningServer server = await TestServers.StartAsync(data);
        await using RpcChannel channel = TestServers.Connect(server);

        Reapi.ServerCapabilities capabilities = await GetCapabilitiesAsync(channel);

        Assert.NotNull(capabilities.CacheCapabilities);
        Assert.Null(capabilities.ExecutionCapabilities);
        Assert.False(server.IsExecutionOffered);
    }

    [Fact]
    [Rule("CAP-05")]
    [Rule("EXE-16")]
    [Rule("Q-18")]
    public async Task Executions_may_have_any_priority_and_cached_results_none()
    {
        using var data = new TemporaryDirectory();
        await using RunningServer server = await TestServers.StartAsync(data, "worker.slots=1");
        await using RpcChannel channel = TestServers.Connect(server);

        Reapi.ServerCapabilities capabilities = await GetCapabilitiesAsync(channel);

        // Bazel refuses to build if it is told to use a priority that is outside of these.
        Assert.Equal(
            new Reapi.PriorityCapabilities.Types.PriorityRange { MinPriority = int.MinValue, MaxPriority = int.MaxValue },
            Assert.Single(capabilities.ExecutionCapabilities.ExecutionPriorityCapabilities.Priorities));

        // How long a result is kept depends on its use alone.
        Assert.Null(capabilities.CacheCapabilities.CachePriorityCapabilities);
    }

    [Fact]
    [Rule("GEN-07")]
    public async Task What_is_not_offered_is_UNIMPLEMENTED()
    {
        using var data = new TemporaryDirectory();
        await using RunningServer server = await TestServers.StartAsync(data);
        await using RpcChannel channel = TestServers.Connect(server);

        RpcException exception = await Assert.ThrowsAsync<RpcException>(() => channel.UnaryAsync<Reapi.ExecuteRequest, Google.LongRunning.Operation>(
            "/build.bazel.remote.execution.v2.Execution/Execute", new Reapi.ExecuteRequest(), Token));

        Assert.Equal(StatusCode.Unimplemented, exception.Code);
    }

    [Fact]
    public async Task The_worker_queue_is_out_of_reach_of_clients()
    {
        using var data = new TemporaryDirectory();
        await using RunningServer server = await TestServers.StartAsync(data, "worker.slots=1");
        await using RpcChannel channel = TestServers.Connect(server);

        RpcException exception = await Assert.ThrowsAsync<RpcException>(() => channel.UnaryAsync<SynchronizeRequest, SynchronizeResponse>(Synchronize, new SynchronizeRequest(), Token));

        Assert.Equal(StatusCode.Unimplemented, exception.Code);
        Assert.DoesNotContain(server.Listeners, listener => listener.Kind == ListenerKind.Workers);
    }

    [Fact]
    public async Task The_private_socket_of_the_worker_is_its_owners_alone()
    {
        using var data = new TemporaryDirectory();
        await using RunningServer server = await TestServers.StartAsync(data, "worker.slots=1");

        UnixFileMode mode = File.GetUnixFileMode(data["worker.sock"]);

        Assert.Equal((UnixFileMode)0, mode & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute));
    }

    [Fact]
    public async Task A_data_directory_too_deep_for_a_socket_is_no_obstacle()
    {
        using var data = new TemporaryDirectory();
        string deep = data[new string('d', 100)];

        await using RunningServer server = await TestServers.StartAsync(data, "worker.slots=1", $"data={deep}");

        Assert.True(server.IsExecutionOffered);
        Assert.Equal(deep, server.DataDirectory);
    }

    [Fact]
    public async Task Workers_may_join_where_a_listener_is_opened_for_them()
    {
        using var data = new TemporaryDirectory();
        await using RunningServer server = await TestServers.StartAsync(data, "listeners.workers=127.0.0.1:0");
        await using RpcChannel channel = TestServers.Connect(server, ListenerKind.Workers);

        // Said goodbye to at once: the queue has been reached.
        SynchronizeResponse response = await channel.UnaryAsync<SynchronizeRequest, SynchronizeResponse>(
            Synchronize, new SynchronizeRequest { SlotId = "slot", WorkerName = "test", Platform = new Reapi.Platform(), Leaving = new SynchronizeRequest.Types.Leaving() }, Token);

        Assert.NotNull(response);
        Assert.NotNull((await GetCapabilitiesAsync(channel)).ExecutionCapabilities);
    }

    [Fact]
    [Rule("HLT-01")]
    public async Task A_started_server_is_healthy_and_each_of_its_services_too()
    {
        using var data = new TemporaryDirectory();
        await using RunningServer server = await TestServers.StartAsync(data);
        await using RpcChannel channel = TestServers.Connect(server);

        foreach (string service in new[] { "", "build.bazel.remote.execution.v2.ActionCache", "google.bytestream.ByteStream" })
        {
            HealthCheckResponse health = await channel.UnaryAsync<HealthCheckRequest, HealthCheckResponse>("/grpc.health.v1.Health/Check", new HealthCheckRequest { Service = service }, Token);
            Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, health.Status);
        }
    }

    [Fact]
    public async Task Several_listeners_serve_the_same()
    {
        using var data = new TemporaryDirectory();
        await using RunningServer server = await TestServers.StartAsync(data, "listeners.grpc=[127.0.0.1:0, 127.0.0.1:0, 'unix:" + data["grpc.sock"] + "']");
        TestBlob blob = TestBlob.Random(3, 10);

        ListenAddress[] addresses = [.. server.Listeners.Where(listener => listener.Kind == ListenerKind.Grpc).Select(listener => listener.Address)];
        await using var first = new RpcChannel(RpcAddress.Parse(addresses[0].ToString()));
        await UploadAsync(first, blob);

        Assert.Equal(3, addresses.Distinct().Count());
        foreach (ListenAddress address in addresses)
        {
            await using var channel = new RpcChannel(RpcAddress.Parse(address.ToString()));
            Assert.Empty(await FindMissingAsync(channel, blob));
        }
    }

    [Fact]
    public async Task Unix_sockets_are_served_too()
    {
        using var data = new TemporaryDirectory();
        string socket = data["run", "grpc.sock"];
        await using RunningServer server = await TestServers.StartAsync(data, $"listeners.grpc=unix:{socket}");
        await using RpcChannel channel = TestServers.Connect(server);

        Assert.NotNull(await GetCapabilitiesAsync(channel));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(socket));
    }

    [Fact]
    public async Task The_HTTP_cache_and_gRPC_serve_the_same_blobs()
    {
        using var data = new TemporaryDirectory();
        TestBlob blob = TestBlob.Random(2, 5000);
        await using RunningServer server = await TestServers.StartAsync(data);
        await using RpcChannel channel = TestServers.Connect(server);
        await UploadAsync(channel, blob);
        using var http = new HttpClient();

        byte[] read = await http.GetByteArrayAsync(
            $"http://{server.Listeners.Single(listener => listener.Kind == ListenerKind.Http).Address}/cas/{blob.Digest.Hash}", Token);

        Assert.Equal(blob.Content, read);
    }

    [Fact]
    public async Task A_drained_server_has_let_a_call_end_that_was_under_way()
    {
        using var data = new TemporaryDirectory();
        RunningServer server = await TestServers.StartAsync(data);
        await using RpcChannel channel = TestServers.Connect(server);
        await using RpcClientCall watch = channel.Send("/grpc.health.v1.Health/Watch", new HealthCheckRequest(), null, Token);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await watch.ReadAsync<HealthCheckResponse>())!.Status);

        ValueTask stopped = server.DisposeAsync();

        // Who watches is told before the listener closes.
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, (await watch.ReadAsync<HealthCheckResponse>())!.Status);
        await stopped;
    }

    private static async Task UploadAsync(RpcChannel channel, TestBlob blob)
    {
        var request = new Reapi.BatchUpdateBlobsRequest { Requests = { new Reapi.BatchUpdateBlobsRequest.Types.Request { Digest = blob.Digest.ToProto(), Data = ByteString.CopyFrom(blob.Content) } } };
        Reapi.BatchUpdateBlobsResponse response = await channel.UnaryAsync<Reapi.BatchUpdateBlobsRequest, Reapi.BatchUpdateBlobsResponse>($"{Cas}BatchUpdateBlobs", request, Token);
        Assert.Equal(0, Assert.Single(response.Responses).Status?.Code ?? 0);
    }

    private static async Task<IReadOnlyList<Reapi.Digest>> FindMissingAsync(RpcChannel channel, TestBlob blob) =>
        (await channel.UnaryAsync<Reapi.FindMissingBlobsRequest, Reapi.FindMissingBlobsResponse>(
            $"{Cas}FindMissingBlobs", new Reapi.FindMissingBlobsRequest { BlobDigests = { blob.Digest.ToProto() } }, Token)).MissingBlobDigests;

    private static Task<Reapi.ServerCapabilities> GetCapabilitiesAsync(RpcChannel channel) =>
        channel.UnaryAsync<Reapi.GetCapabilitiesRequest, Reapi.ServerCapabilities>(Capabilities, new Reapi.GetCapabilitiesRequest(), Token);
}
