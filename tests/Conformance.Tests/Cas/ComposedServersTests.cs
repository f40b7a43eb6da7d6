using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Client;
using RemoteExec.TestKit;

namespace RemoteExec.Conformance.Tests.Cas;

/// <summary>Real servers as one store: two shards, of which the first is a mirror of two, behind a fast tier.</summary>
public sealed class ComposedServersTests : StoreFixture
{
    private static readonly TimeSpan timeout = TimeSpan.FromMinutes(1);
    private readonly List<CasServer> servers = [];
    private readonly HashSet<CasServer> running = [];
    private readonly List<IAsyncDisposable> closing = [];
    private readonly MemoryStore fast = new(1024 * 1024);

    protected override async ValueTask<IBlobStore> CreateStoreAsync()
    {
        for (int i = 0; i < 3; i++)
            servers.Add(await CasServer.StartAsync());
        running.UnionWith(servers);
        var mirror = Close(new MirrorStore("mirror", [("a", Open(0)), ("b", Open(1))], timeout, NullLogger.Instance, TimeProvider.System));
        var shards = Close(new ShardStore("shards", [new("one", mirror), new("two", Open(2))], TimeSpan.FromHours(3), timeout, NullLogger.Instance, TimeProvider.System));
        return Close(new FastSlowStore(fast, shards, new FastSlowStoreOptions { Name = "all", Timeout = timeout }, NullLogger.Instance, TimeProvider.System));
    }

    public override async ValueTask DisposeAsync()
    {
        for (int i = closing.Count - 1; i >= 0; i--)
            await closing[i].DisposeAsync();
        foreach (CasServer server in running)
            await server.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    [Rule("CAS-04")]
    public async Task Servers_that_stop_cost_their_share_and_no_error()
    {
        TestBlob[] blobs = [.. Enumerable.Range(0, 100).Select(i => TestBlob.Random(i, 60_000))]; // more than the fast tier holds
        Digest[] digests = [.. blobs.Select(blob => blob.Digest)];
        foreach (TestBlob blob in blobs)
            await Store.WriteAllAsync(blob.Digest, blob.Content, Token);

        await StopAsync(0);
        Assert.Empty(await Store.FindMissingAsync(digests, Token)); // the other of the two has all
        foreach (TestBlob blob in blobs)
            Assert.Equal(blob.Content, await Store.ReadAllAsync(blob.Digest, 60_000, Token));

        await StopAsync(2);
        HashSet<Digest> missing = [.. await Store.FindMissingAsync(digests, Token)];
        Assert.InRange(missing.Count, 10, 90);
        foreach (TestBlob blob in blobs.Where(blob => missing.Contains(blob.Digest)))
        {
            Assert.Null(await Store.OpenReadAsync(blob.Digest, 0, Token));
            await Store.WriteAllAsync(blob.Digest, blob.Content, Token);
        }

        Assert.Empty(await Store.FindMissingAsync(missing, Token)); // handed on to the first shard
        foreach (TestBlob blob in blobs.Where(blob => missing.Contains(blob.Digest)))
            Assert.Equal(blob.Content, await Store.ReadAllAsync(blob.Digest, 60_000, Token));
    }

    private SingleFlightStore Open(int server)
    {
        var channel = Close(new RpcChannel(RpcAddress.Parse(servers[server].Address.ToString())));
        return new SingleFlightStore(new RemoteStore(channel, TimeSpan.Zero, TimeProvider.System));
    }

    private async Task StopAsync(int server)
    {
        running.Remove(servers[server]);
        await servers[server].DisposeAsync();
    }

    private T Close<T>(T one)
        where T : IAsyncDisposable
    {
        closing.Add(one);
        return one;
    }
}
