using RemoteExec.Cas;
using RemoteExec.Cas.Stores.S3;
using RemoteExec.Integration.Tests.Redis;
using RemoteExec.Protocol;
using RemoteExec.Redis;
using static RemoteExec.Integration.Tests.S3.SharedPrefix;

namespace RemoteExec.Integration.Tests.S3;

/// <summary>What nodes that share a prefix find, and go on finding while Redis is not as it was.</summary>
public sealed class S3SharedTests(S3Gateway gateway, RedisServers servers) : IAsyncLifetime
{
    private SharedPrefix shared = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => shared = await CreateAsync(gateway);

    public async ValueTask DisposeAsync()
    {
        if (shared is not null)
            await shared.DisposeAsync();
    }

    [Theory]
    [InlineData(RedisTopology.Standalone)]
    [InlineData(RedisTopology.Sentinel)]
    [InlineData(RedisTopology.Cluster)]
    public async Task What_one_node_uploads_the_others_find_by_themselves(RedisTopology topology)
    {
        RedisDeployment deployment = await (topology switch
        {
            RedisTopology.Cluster => servers.Cluster,
            RedisTopology.Sentinel => servers.Sentinel,
            _ => servers.Standalone,
        });
        var sharing = new S3Sharing { Redis = deployment.ToConnection(topology), KeyPrefix = RedisFixture.NewPrefix() };
        await using S3Store a = await shared.Bucket.OpenAsync(shared.Options("a") with { Shared = sharing });
        await using S3Store b = await shared.Bucket.OpenAsync(shared.Options("b") with { Shared = sharing });
        TestBlob blob = TestBlob.Random(1, 5000), large = TestBlob.Random(2, 300_000);

        await WriteAsync(a, blob, large);

        await RedisFixture.UntilAsync(async () => (await FindAsync(b, blob, large)).Count == 2);
        Assert.Equal(0, shared.Bucket.Relay.Count("HEAD"));
    }

    [Fact]
    public async Task A_node_that_takes_the_place_of_a_lost_one_finds_everything()
    {
        TestBlob[] blobs = Blobs(0, 60);
        S3Store lost = await shared.OpenAsync("a");
        await WriteAsync(lost, blobs);
        await lost.AbandonAsync();

        await using S3Store next = await shared.OpenAsync("b");

        Assert.Equal(60, (await FindAsync(next, blobs)).Count);
    }

    [Fact]
    public async Task What_was_not_told_before_a_kill_is_told_after_it()
    {
        TestBlob[] blobs = Blobs(0, 30);
        await using S3Store b = await shared.OpenAsync("b");
        S3Store killed = await shared.OpenAsync("a");
        shared.LinkOf("a").Set(LinkState.Down);
        await WriteAsync(killed, blobs);
        await killed.AbandonAsync();
        shared.LinkOf("a").Set(LinkState.Up);

        await using S3Store a = await shared.OpenAsync("a");
        await SyncAsync(a, b);

        Assert.Equal(30, (await FindAsync(b, blobs)).Count);
    }

    [Fact]
    public async Task Without_Redis_a_node_says_for_half_an_hour_what_it_knows_and_then_nothing()
    {
        TestBlob[] blobs = Blobs(0, 30);
        await using S3Store a = await shared.OpenAsync("a");
        await WriteAsync(a, blobs);
        await SyncAsync(a);
        shared.LinkOf("a").Set(LinkState.Down);

        shared.Time.Advance(TimeSpan.FromMinutes(29));
        Assert.Equal(30, (await FindAsync(a, blobs)).Count);
        shared.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Empty(await FindAsync(a, blobs));
        Assert.Null(await a.ReadAllAsync(blobs[0].Digest, 1 << 20, Token));

        shared.LinkOf("a").Set(LinkState.Up);
        await TendAsync(a);
        Assert.Equal(30, (await FindAsync(a, blobs)).Count);
    }

    [Fact]
    public async Task What_is_written_while_a_node_says_nothing_stays_on_its_disk_and_is_found_there()
    {
        TestBlob before = TestBlob.Random(1, 5000), blob = TestBlob.Random(2, 5000);
        S3StoreOptions options = shared.Options("a") with { Acknowledge = S3Acknowledgement.Local };
        await using S3Store a = await shared.OpenAsync("a", options);
        shared.LinkOf("a").Set(LinkState.Down);
        shared.Time.Advance(TimeSpan.FromMinutes(31));
        int packs = (await shared.Bucket.PacksAsync()).Count;

        await WriteAsync(a, blob);
        shared.Time.Advance(TimeSpan.FromMinutes(5));

        Assert.Equal([blob], await FindAsync(a, blob, before));
        Assert.Equal(packs, (await shared.Bucket.PacksAsync()).Count);
        shared.LinkOf("a").Set(LinkState.Up);
        await TendAsync(a);
        while (a.Spool.Backlog > 0)
        {
            shared.Time.Advance(TimeSpan.FromSeconds(10));
            await SyncAsync(a);
        }

        Assert.Equal([blob], await FindAsync(a, blob, before));
    }

    [Fact]
    public async Task A_start_without_Redis_serves_what_is_no_older_than_half_an_hour()
    {
        TestBlob[] blobs = Blobs(0, 30);
        S3Store killed = await shared.OpenAsync("a");
        await WriteAsync(killed, blobs);
        await SyncAsync(killed);
        await killed.AbandonAsync();
        shared.LinkOf("a").Set(LinkState.Down);

        shared.Time.Advance(TimeSpan.FromMinutes(28));
        await using S3Store a = await shared.Bucket.OpenAsync(shared.Options("a"), shared.Time);
        Assert.Equal(30, (await FindAsync(a, blobs)).Count);
        shared.Time.Advance(TimeSpan.FromMinutes(3));
        Assert.Empty(await FindAsync(a, blobs));

        shared.LinkOf("a").Set(LinkState.Up);
        await TendAsync(a);
        Assert.Equal(30, (await FindAsync(a, blobs)).Count);
    }

    [Fact]
    public async Task A_Redis_that_lost_everything_is_told_again()
    {
        TestBlob[] first = Blobs(0, 30), second = Blobs(100, 30);
        await using S3Store a = await shared.OpenAsync("a");
        await using S3Store b = await shared.OpenAsync("b");
        await WriteAsync(a, first);
        await shared.Redis.AskAsync("flushall");

        await WriteAsync(a, second);
        await SyncAsync(a, b);

        Assert.Equal(60, (await FindAsync(a, [.. first, .. second])).Count);
        Assert.Equal(60, (await FindAsync(b, [.. first, .. second])).Count);
    }

    [Fact]
    public async Task A_Redis_that_lost_what_came_last_is_noticed()
    {
        TestBlob[] blobs = Blobs(0, 30);
        await using S3Store a = await shared.OpenAsync("a");
        await using S3Store b = await shared.OpenAsync("b");
        await SyncAsync(a, b);
        string key = (await shared.Redis.AskAsync("keys", "*state")).Trim();
        string[] before = (await shared.Redis.AskAsync("hgetall", key)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await WriteAsync(a, blobs);
        await SyncAsync(a);
        await shared.Redis.AskAsync("zremrangebyscore", key.Replace(":state", ":log"), "1", "+inf"); // as a replica that had not heard of it
        await shared.Redis.AskAsync(["hset", key, .. before]);

        await SyncAsync(a, b);

        Assert.Equal(30, (await FindAsync(b, blobs)).Count);
    }

    [Fact]
    public async Task A_prefix_is_used_by_nodes_that_know_of_each_other_or_by_one()
    {
        TestBlob blob = TestBlob.Random(1, 5000);
        S3StoreOptions alone = shared.Options("a") with { Shared = null };
        await using (S3Store owner = await shared.Bucket.OpenAsync(alone, shared.Time))
            await WriteAsync(owner, blob);

        Assert.Contains("takeOver", (await RefusalAsync(shared.Options("b"))).Message, StringComparison.Ordinal);
        await using S3Store first = await shared.OpenAsync("b", shared.Options("b") with { TakeOver = true });
        await using S3Store second = await shared.OpenAsync("c");
        Assert.Contains("shared", (await RefusalAsync(alone)).Message, StringComparison.Ordinal);
        Assert.Equal([blob], await FindAsync(second, blob));
    }

    private async Task<PrefixOwnedException> RefusalAsync(S3StoreOptions options) =>
        await Assert.ThrowsAsync<PrefixOwnedException>(async () => await shared.Bucket.OpenAsync(options, shared.Time));
}
