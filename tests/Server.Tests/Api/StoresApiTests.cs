using System.Text.Json;
using Google.Protobuf;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Hosting;

namespace RemoteExec.Server.Tests.Api;

/// <summary>What a whole server tells of its stores: exactly what was done with them.</summary>
public sealed class StoresApiTests : IDisposable
{
    private const string Cas = "/build.bazel.remote.execution.v2.ContentAddressableStorage/";
    private readonly TemporaryDirectory data = new();
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        http.Dispose();
        data.Dispose();
    }

    [Fact]
    public async Task What_was_done_is_what_was_counted()
    {
        string id = Guid.NewGuid().ToString("N"), near = $"near{id}", far = $"far{id}", both = $"tiers{id}"; // meters are heard across all tests
        await using RunningServer server = await TestServers.StartAsync(
            data, $"stores.{near}={{ memory: {{ maxBytes: 64KiB }} }}", $"stores.{far}={{ memory: {{}} }}", $"stores.{both}={{ fastSlow: {{ fast: {near}, slow: {far} }} }}", $"cas.store={both}", "builds.maxBytes=0B");
        await using RpcChannel channel = TestServers.Connect(server);
        TestBlob[] there = [.. Enumerable.Range(0, 6).Select(number => TestBlob.Random(number, 1000))], absent = [.. Enumerable.Range(10, 3).Select(number => TestBlob.Random(number, 1000))];

        foreach (TestBlob blob in there)
            await UploadAsync(channel, blob);
        JsonElement before = await StoreAsync(server, "cas");
        for (int round = 0; round < 2; round++)
            await channel.UnaryAsync<Reapi.FindMissingBlobsRequest, Reapi.FindMissingBlobsResponse>(Cas + "FindMissingBlobs", new Reapi.FindMissingBlobsRequest { BlobDigests = { there.Concat(absent).Select(blob => blob.Digest.ToProto()) } }, Token);
        foreach (TestBlob blob in there.Take(4).Concat(absent.Take(2)))
            await channel.UnaryAsync<Reapi.BatchReadBlobsRequest, Reapi.BatchReadBlobsResponse>(Cas + "BatchReadBlobs", new Reapi.BatchReadBlobsRequest { Digests = { blob.Digest.ToProto() } }, Token);
        JsonElement tiers = await StoreAsync(server, "cas");

        Assert.Equal(("fastSlow", both), (Text(tiers, "kind"), Text(tiers, "name")));
        Assert.Equal(Counts(before, 4, 2, 12, 6), CountsOf(tiers));
        Assert.Equal(Counts(Part(before, "fast"), 4, 4, 12, 6), CountsOf(Part(tiers, "fast"))); // before it is filled it is asked again
        Assert.Equal(Counts(Part(before, "slow"), 0, 2, 0, 6), CountsOf(Part(tiers, "slow")));
        Assert.Equal((near, "memory", 6, 6000, 65536), (Text(Part(tiers, "fast"), "name"), Text(Part(tiers, "fast"), "kind"), Number(Part(tiers, "fast"), "entries"), Number(Part(tiers, "fast"), "sizeBytes"), Number(Part(tiers, "fast"), "limitBytes")));
        Assert.True(tiers.GetProperty("parts")[1].GetProperty("reach").GetProperty("isInReach").GetBoolean());
        string metrics = await http.GetStringAsync($"http://{AddressOf(server)}/metrics", Token);
        foreach ((string name, JsonElement store) in ((string, JsonElement)[])[(both, tiers), (near, Part(tiers, "fast")), (far, Part(tiers, "slow"))])
        {
            Assert.Contains($"remoteexec_store_reads_total{{result=\"hit\",service=\"cas\",store=\"{name}\"}} {Number(store, "hits")}\n", metrics, StringComparison.Ordinal);
            Assert.Contains($"remoteexec_store_reads_total{{result=\"miss\",service=\"cas\",store=\"{name}\"}} {Number(store, "misses")}\n", metrics, StringComparison.Ordinal);
            Assert.Contains($"remoteexec_store_checks_total{{result=\"hit\",service=\"cas\",store=\"{name}\"}} {Number(store, "present")}\n", metrics, StringComparison.Ordinal);
            Assert.Contains($"remoteexec_store_checks_total{{result=\"miss\",service=\"cas\",store=\"{name}\"}} {Number(store, "absent")}\n", metrics, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_a_store_has_dropped_is_told_with_its_age()
    {
        await using RunningServer server = await TestServers.StartAsync(data, "cas.store={ memory: { maxBytes: 10KiB } }", "builds.maxBytes=0B");
        await using RpcChannel channel = TestServers.Connect(server);
        Assert.Equal(JsonValueKind.Null, (await StoreAsync(server, "cas")).GetProperty("evictionAgeSeconds").ValueKind);

        for (int number = 0; number < 15; number++)
            await UploadAsync(channel, TestBlob.Random(number, 1024));
        JsonElement store = await StoreAsync(server, "cas");

        Assert.Equal((10, 10240, 10240, 5), (Number(store, "entries"), Number(store, "sizeBytes"), Number(store, "limitBytes"), Number(store, "evictedBlobs")));
        Assert.InRange(store.GetProperty("evictionAgeSeconds").GetDouble(), 0, 60);
    }

    [Fact]
    public async Task Nodes_that_can_not_be_reached_are_told_with_the_time()
    {
        DateTimeOffset began = TimeProvider.System.GetUtcNow();
        await using RunningServer server = await TestServers.StartAsync(
            data, "stores.gone={ remote: { url: 'grpc://127.0.0.1:1', patience: 0s } }", "cas.store={ shard: { nodes: [ { name: one, store: { memory: {} } }, { name: two, store: gone, state: joining } ] } }",
            "stores.shared={ redis: { endpoints: [ '127.0.0.1:1' ], connectTimeout: 100ms } }", "actionCache.store=shared");
        await using RpcChannel channel = TestServers.Connect(server);

        await channel.UnaryAsync<Reapi.FindMissingBlobsRequest, Reapi.FindMissingBlobsResponse>(
            Cas + "FindMissingBlobs", new Reapi.FindMissingBlobsRequest { BlobDigests = { Enumerable.Range(0, 64).Select(number => TestBlob.Random(number, 10).Digest.ToProto()) } }, Token);
        JsonElement shard = await StoreAsync(server, "cas"), results = await StoreAsync(server, "actionCache");

        JsonElement[] nodes = [.. shard.GetProperty("parts").EnumerateArray()];
        Assert.Equal([("one", "active", true), ("two", "joining", false)], nodes.Select(node => (Text(node, "role"), Text(node, "state"), node.GetProperty("reach").GetProperty("isInReach").GetBoolean())));
        Assert.All(nodes, node => Assert.InRange(node.GetProperty("reach").GetProperty("since").GetDateTimeOffset(), began, TimeProvider.System.GetUtcNow()));
        Assert.Equal("grpc://127.0.0.1:1", Text(nodes[1].GetProperty("store"), "where"));
        Assert.Equal(("redis", "127.0.0.1:1", false), (Text(results, "kind"), Text(results, "where"), results.GetProperty("reach").GetProperty("isInReach").GetBoolean()));
        Assert.NotEmpty(Text(results.GetProperty("reach"), "problem"));
    }

    [Fact]
    public async Task Stores_of_instances_are_told_by_their_places()
    {
        await using RunningServer server = await TestServers.StartAsync(data, "instances.team={ maxSize: 16MiB }");

        JsonElement stores = await StoresAsync(server);

        Assert.Equal(["cas", "instances.team.cas", "actionCache", "instances.team.actionCache"], stores.GetProperty("roots").EnumerateArray().Select(root => Text(root, "place")));
        Assert.All(stores.GetProperty("roots").EnumerateArray(), root => Assert.StartsWith(data.FullPath, Text(root.GetProperty("store"), "where"), StringComparison.Ordinal));
    }

    private static (int, int, int, int) Counts(JsonElement before, int hits, int misses, int present, int absent)
    {
        (int, int, int, int) counted = CountsOf(before);
        return (counted.Item1 + hits, counted.Item2 + misses, counted.Item3 + present, counted.Item4 + absent);
    }

    private static (int, int, int, int) CountsOf(JsonElement store) => (Number(store, "hits"), Number(store, "misses"), Number(store, "present"), Number(store, "absent"));

    private static JsonElement Part(JsonElement store, string role) => store.GetProperty("parts").EnumerateArray().Single(part => Text(part, "role") == role).GetProperty("store");

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static int Number(JsonElement element, string name) => element.GetProperty(name).GetInt32();

    private static ListenAddress AddressOf(RunningServer server) => server.Listeners.First(listener => listener.Kind == ListenerKind.Http).Address;

    private static Task UploadAsync(RpcChannel channel, TestBlob blob) => channel.UnaryAsync<Reapi.BatchUpdateBlobsRequest, Reapi.BatchUpdateBlobsResponse>(
        Cas + "BatchUpdateBlobs",
        new Reapi.BatchUpdateBlobsRequest { Requests = { new Reapi.BatchUpdateBlobsRequest.Types.Request { Digest = blob.Digest.ToProto(), Data = ByteString.CopyFrom(blob.Content) } } }, Token);

    private async Task<JsonElement> StoreAsync(RunningServer server, string place) =>
        (await StoresAsync(server)).GetProperty("roots").EnumerateArray().Single(root => Text(root, "place") == place).GetProperty("store");

    private async Task<JsonElement> StoresAsync(RunningServer server) => JsonSerializer.Deserialize<JsonElement>(await http.GetStringAsync($"http://{AddressOf(server)}/api/v1/stores", Token));
}
