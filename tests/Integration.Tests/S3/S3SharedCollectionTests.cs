using RemoteExec.Cas;
using RemoteExec.Cas.Stores.S3;
using RemoteExec.Protocol;
using static RemoteExec.Integration.Tests.S3.SharedPrefix;

namespace RemoteExec.Integration.Tests.S3;

/// <summary>What leaves a bucket that nodes share: only what nobody relies on.</summary>
public sealed class S3SharedCollectionTests(S3Gateway gateway) : IAsyncLifetime
{
    private static readonly TimeSpan minute = TimeSpan.FromMinutes(1);
    private readonly TestBlob[] blobs = Blobs(0, 40);
    private SharedPrefix shared = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => shared = await CreateAsync(gateway);

    public async ValueTask DisposeAsync()
    {
        if (shared is not null)
            await shared.DisposeAsync();
    }

    [Fact]
    public async Task What_one_node_collects_is_missing_for_all_and_deleted_when_all_have_forgotten_it()
    {
        await using S3Store a = await OpenCollectorAsync();
        await using S3Store b = await shared.OpenAsync("b");
        await WriteAsync(a, blobs);
        await SyncAsync(a, b);
        await shared.PassAsync(TimeSpan.FromHours(4), a, b);

        await TendAsync(a);
        await SyncAsync(b);
        Assert.Empty(await FindAsync(a, blobs));
        Assert.Empty(await FindAsync(b, blobs));
        Assert.Equal(blobs[0].Content, await b.ReadAllAsync(blobs[0].Digest, 1 << 20, Token)); // who was told that it is there has time to read it
        await TendAsync(a);
        Assert.NotEmpty(await shared.Bucket.PacksAsync());

        await shared.PassAsync(11 * minute, a, b);
        await SyncAsync(a, b);
        await TendAsync(a);
        Assert.Empty(await shared.Bucket.PacksAsync());
    }

    [Fact]
    public async Task What_another_node_uses_stays()
    {
        await using S3Store a = await OpenCollectorAsync();
        await using S3Store b = await shared.OpenAsync("b");
        await WriteAsync(a, blobs);
        await SyncAsync(a, b);
        for (int hour = 0; hour < 5; hour++)
        {
            await shared.PassAsync(TimeSpan.FromHours(1), a, b);
            Assert.Equal(40, (await FindAsync(b, blobs)).Count);
        }

        await SyncAsync(b);
        await TendAsync(a);
        await SyncAsync(a, b);

        Assert.Equal(40, (await FindAsync(b, blobs)).Count);
        Assert.Equal(40, (await FindAsync(a, blobs)).Count);
    }

    [Fact]
    public async Task A_node_that_is_cut_off_is_waited_for_as_long_as_it_believes_itself()
    {
        await using S3Store a = await OpenCollectorAsync();
        await using S3Store b = await shared.OpenAsync("b");
        await WriteAsync(a, blobs);
        await shared.PassAsync(230 * minute, a, b);
        shared.LinkOf("b").Set(LinkState.Down); // before anything is due to leave
        await shared.PassAsync(10 * minute, a);
        await TendAsync(a);

        await shared.PassAsync(19 * minute, a);
        await TendAsync(a);
        Assert.Equal(40, (await FindAsync(b, blobs)).Count);
        await shared.PassAsync(2 * minute, a);
        await TendAsync(a);
        Assert.Empty(await FindAsync(b, blobs));
        Assert.NotEmpty(await shared.Bucket.PacksAsync());
        await shared.PassAsync(60 * minute, a);
        await TendAsync(a);
        Assert.Empty(await shared.Bucket.PacksAsync());

        shared.LinkOf("b").Set(LinkState.Up);
        await TendAsync(b);
        Assert.Empty(await FindAsync(b, blobs));
    }

    [Fact]
    public async Task What_was_forgotten_before_it_was_told_does_not_come_back_after_a_kill()
    {
        await using S3Store a = await OpenCollectorAsync();
        S3Store killed = await shared.OpenAsync("b");
        await WriteAsync(a, blobs);
        await SyncAsync(a, killed);
        await shared.PassAsync(TimeSpan.FromHours(4), a, killed);
        await TendAsync(a);
        await SyncAsync(killed);
        await shared.PassAsync(11 * minute, a, killed);
        await SyncAsync(killed);
        shared.LinkOf("b").Set(LinkState.Down);
        await killed.AbandonAsync();
        await TendAsync(a);
        Assert.Empty(await shared.Bucket.PacksAsync());

        await using S3Store b = await shared.Bucket.OpenAsync(shared.Options("b"), shared.Time);

        Assert.True(b.Feed!.IsCertain);
        Assert.Empty(await FindAsync(b, blobs));
        shared.LinkOf("b").Set(LinkState.Up);
    }

    [Fact]
    public async Task A_pack_that_is_about_to_be_deleted_is_not_found_by_a_node_that_starts()
    {
        await using S3Store a = await OpenCollectorAsync();
        await WriteAsync(a, blobs);
        await shared.PassAsync(TimeSpan.FromHours(4), a);
        await TendAsync(a);
        Assert.NotEmpty(await shared.Bucket.PacksAsync());

        await using S3Store b = await shared.OpenAsync("b");

        Assert.Empty(await FindAsync(b, blobs));
        await TendAsync(b);
        Assert.Empty(await FindAsync(b, blobs));
    }

    [Fact]
    public async Task Only_one_node_collects_and_who_lost_the_lease_deletes_nothing()
    {
        await using S3Store a = await OpenCollectorAsync();
        await using S3Store b = await shared.OpenAsync("b");
        await WriteAsync(a, blobs);
        Assert.False(await b.Feed!.Log.LeadAsync(Token));
        await shared.PassAsync(TimeSpan.FromHours(4), a, b);

        await TendAsync(a);
        await SyncAsync(b);
        string lease = (await shared.Redis.AskAsync("keys", "*lease")).Trim();
        await shared.Redis.AskAsync("set", lease, "0123456789abcdef");
        await shared.PassAsync(11 * minute, a, b);
        await SyncAsync(a, b);
        PackName[] leaving = [.. a.Feed!.Leaving];
        (string epoch, _, _) = a.Feed.Position;

        Assert.NotEmpty(leaving);
        Assert.Empty(await a.Feed.Log.ReleaseAsync(epoch, 0, new Dictionary<string, string>(), leaving, Token));
        await TendAsync(a);
        Assert.NotEmpty(await shared.Bucket.PacksAsync());
        await shared.Redis.AskAsync("del", lease);
        Assert.True(await b.Feed.Log.LeadAsync(Token));
        Assert.Empty(await a.Feed.Log.ReleaseAsync(epoch, 0, new Dictionary<string, string>(), leaving, Token));
        Assert.Equal(leaving.Length, (await b.Feed.Log.ReleaseAsync(epoch, 0, new Dictionary<string, string>(), leaving, Token)).Count);
    }

    [Fact]
    public async Task After_Redis_lost_everything_nothing_is_deleted_before_every_node_was_heard_or_is_silent()
    {
        await using S3Store a = await OpenCollectorAsync();
        await using S3Store b = await shared.OpenAsync("b");
        await WriteAsync(a, blobs);
        await shared.PassAsync(230 * minute, a, b);
        shared.LinkOf("b").Set(LinkState.Down); // before anything is due to leave
        await shared.PassAsync(10 * minute, a);
        await TendAsync(a);
        await shared.Redis.AskAsync("flushall"); // who is there is forgotten with the rest

        for (int round = 0; round < 2; round++)
        {
            await shared.PassAsync(9 * minute, a);
            await TendAsync(a);
            Assert.Equal(40, (await FindAsync(b, blobs)).Count);
        }

        await shared.PassAsync(60 * minute, a);
        await TendAsync(a);
        Assert.Empty(await shared.Bucket.PacksAsync());
        Assert.Empty(await FindAsync(b, blobs));
        shared.LinkOf("b").Set(LinkState.Up);
    }

    [Fact]
    public async Task What_is_moved_is_found_by_all_and_never_comes_before_what_was_written_since()
    {
        Digest key = TestBlob.Random(7777, 10).Digest;
        await using S3Store a = await OpenCollectorAsync();
        await using S3Store b = await shared.OpenAsync("b");
        await Task.WhenAll(WriteAsync(a, blobs), a.WriteAllAsync(key, "old"u8.ToArray(), Token).AsTask());
        await WriteAsync(b, blobs[3..]); // what a wrote of these is dead now, and the packs of a are mostly empty
        await SyncAsync(a, b);
        await shared.PassAsync(61 * minute, a, b);
        shared.LinkOf("b").Set(LinkState.Down);
        await b.WriteAllAsync(key, "new"u8.ToArray(), Token); // of which a does not know

        await TendAsync(a);
        await SyncAsync(a);
        shared.LinkOf("b").Set(LinkState.Up);
        await SyncAsync(a, b);
        await TendAsync(a);
        await SyncAsync(a, b);
        await shared.PassAsync(11 * minute, a, b);
        await TendAsync(a);

        Assert.Equal("new"u8.ToArray(), await a.ReadAllAsync(key, 100, Token));
        Assert.Equal("new"u8.ToArray(), await b.ReadAllAsync(key, 100, Token));
        Assert.Equal(40, (await FindAsync(a, blobs)).Count);
        Assert.Equal(40, (await FindAsync(b, blobs)).Count);
        await using S3Store c = await shared.OpenAsync("c");
        Assert.Equal("new"u8.ToArray(), await c.ReadAllAsync(key, 100, Token));
        Assert.Equal(40, (await FindAsync(c, blobs)).Count);
    }

    /// <summary>The node that collects, as long as it is there.</summary>
    private async Task<S3Store> OpenCollectorAsync()
    {
        S3Store store = await shared.OpenAsync("a");
        Assert.True(await store.Feed!.Log.LeadAsync(Token));
        return store;
    }
}
