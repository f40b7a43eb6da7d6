using System.Buffers;
using RemoteExec.Cas.Composition;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Composition;

public sealed class ShardStoreTests : IAsyncLifetime
{
    private static readonly TimeSpan handoff = TimeSpan.FromHours(3);
    private readonly ManualTimeProvider time = new();
    private readonly RecordingLogger logger = new();
    private readonly FailingNode[] nodes = [new(), new(), new(), new()];
    private readonly TestBlob[] blobs = [.. Enumerable.Range(0, 60).Select(i => TestBlob.Random(i, 100 + i))];
    private readonly List<ShardStore> stores = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Digest[] Digests => [.. blobs.Select(blob => blob.Digest)];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (ShardStore store in stores)
            await store.DisposeAsync();
    }

    [Fact]
    public async Task Each_blob_is_kept_by_one_node()
    {
        ShardStore store = await FilledAsync(Shard(3));

        foreach (TestBlob blob in blobs)
        {
            Assert.Equal(1, await CountAsync(blob.Digest));
            Assert.Equal(blob.Content, await store.ReadAllAsync(blob.Digest, 1000, Token));
        }

        Assert.All(nodes[..3], node => Assert.NotEqual(0, node.Asked));
    }

    [Fact]
    [Rule("CAS-01")]
    public async Task A_look_up_asks_each_node_once()
    {
        ShardStore store = await FilledAsync(Shard(3));
        int[] before = [.. nodes.Select(node => node.Asked)];

        Assert.Empty(await store.FindMissingAsync(Digests, Token));

        Assert.Equal([1, 1, 1, 0], nodes.Select((node, i) => node.Asked - before[i]));
    }

    [Fact]
    [Rule("CAS-01")]
    public async Task A_node_out_of_reach_makes_its_share_missing_and_no_error()
    {
        ShardStore store = await FilledAsync(Shard(3));
        nodes[1].IsDown = true;

        IReadOnlyCollection<Digest> missing = await store.FindMissingAsync([.. Digests, .. Digests], Token);

        Assert.Equal(await KeptByAsync(1), missing);
        foreach (TestBlob blob in blobs)
            Assert.Equal(missing.Contains(blob.Digest), await store.OpenReadAsync(blob.Digest, 0, Token) is null);
    }

    [Fact]
    public async Task With_no_node_all_is_missing_and_nothing_can_be_written()
    {
        ShardStore store = await FilledAsync(Shard(2));
        nodes[0].IsDown = nodes[1].IsDown = true;

        Assert.Equal(Digests, await store.FindMissingAsync(Digests, Token));
        StoreUnavailableException failure = await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.WriteAllAsync(blobs[0].Digest, blobs[0].Content, Token));
        Assert.Equal("shards", failure.Store);
    }

    [Fact]
    public async Task What_is_written_while_a_node_is_down_is_found_and_given_to_it_when_it_is_back()
    {
        ShardStore store = Shard(3);
        nodes[1].IsDown = true;
        await FilledAsync(store);
        Assert.Empty(await store.FindMissingAsync(Digests, Token));

        nodes[1].IsDown = false;
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(await store.FindMissingAsync(Digests, Token)); // it is back, and misses all that it owns
        await store.Replicator.WhenIdleAsync();

        Digest[] owned = await KeptByAsync(1);
        Assert.NotEmpty(owned);
        time.Advance(handoff);
        Assert.Empty(await store.FindMissingAsync(Digests, Token)); // it is believed again, and has all
        Assert.All(owned, digest => Assert.Contains(digest, Digests));
    }

    [Fact]
    public async Task A_read_finds_what_was_handed_on_as_well()
    {
        ShardStore store = Shard(3);
        nodes[1].IsDown = true;
        await FilledAsync(store);
        nodes[1].IsDown = false;
        time.Advance(TimeSpan.FromSeconds(1));

        foreach (TestBlob blob in blobs)
            Assert.Equal(blob.Content, await store.ReadAllAsync(blob.Digest, 1000, Token));
        await store.Replicator.WhenIdleAsync();

        Assert.NotEmpty(await KeptByAsync(1));
    }

    [Fact]
    public async Task A_node_that_was_always_there_is_not_doubted()
    {
        ShardStore store = await FilledAsync(Shard(2));
        TestBlob absent = TestBlob.Random(999, 10);
        int before = nodes.Sum(node => node.Asked);

        Assert.Equal([absent.Digest], await store.FindMissingAsync([absent.Digest], Token));
        Assert.Null(await store.OpenReadAsync(absent.Digest, 0, Token));

        Assert.Equal(2, nodes.Sum(node => node.Asked) - before);
    }

    [Fact]
    public async Task Nothing_is_lost_while_a_node_joins()
    {
        await FilledAsync(Shard(3));
        ShardStore wider = Shard(4, (3, ShardNodeState.Joining));

        Assert.Empty(await wider.FindMissingAsync(Digests, Token));
        await wider.Replicator.WhenIdleAsync();

        Digest[] moved = await KeptByAsync(3);
        Assert.InRange(moved.Length, 1, blobs.Length / 2);
        Assert.Empty(await Shard(4).FindMissingAsync(Digests, Token)); // active now: it has got all that is its own
    }

    [Fact]
    public async Task A_joining_node_gets_what_is_written()
    {
        await FilledAsync(Shard(4, (3, ShardNodeState.Joining)));

        Assert.NotEmpty(await KeptByAsync(3));
    }

    [Fact]
    public async Task Nothing_is_lost_while_a_node_drains()
    {
        await FilledAsync(Shard(3));
        ShardStore narrower = Shard(3, (2, ShardNodeState.Draining));
        Digest[] leaving = await KeptByAsync(2);

        foreach (Digest digest in leaving)
            Assert.NotNull(await narrower.ReadAllAsync(digest, 1000, Token));
        Assert.Empty(await narrower.FindMissingAsync(Digests, Token));
        await narrower.Replicator.WhenIdleAsync();

        Assert.Empty(await Shard(2).FindMissingAsync(Digests, Token));
    }

    [Fact]
    public async Task A_draining_node_is_written_to_no_more()
    {
        await FilledAsync(Shard(3, (2, ShardNodeState.Draining)));

        Assert.Empty(await KeptByAsync(2));
    }

    [Fact]
    public async Task A_small_write_that_breaks_off_goes_to_the_next_node()
    {
        ShardStore store = Shard(2);
        BlobWriter[] writers = await Task.WhenAll(blobs.Select(async blob => await store.OpenWriteAsync(blob.Digest, blob.Content.Length, Token)));
        nodes[0].IsDown = true;

        for (int i = 0; i < blobs.Length; i++)
        {
            await writers[i].WriteAsync(new ReadOnlySequence<byte>(blobs[i].Content), Token);
            await writers[i].CommitAsync(Token);
            await writers[i].DisposeAsync();
        }

        Assert.Equal(Digests, await KeptByAsync(1));
    }

    [Fact]
    public async Task A_long_write_that_breaks_off_may_begin_anew_at_the_next_node()
    {
        ShardStore store = Shard(2);
        TestBlob large = TestBlob.Random(7, BufferedWriter.MaxBytes + 1);
        await using (BlobWriter writer = await store.OpenWriteAsync(large.Digest, large.Content.Length, Token))
        {
            nodes[0].IsDown = nodes[1].IsDown = true;
            StoreUnavailableException failure = await Assert.ThrowsAsync<StoreUnavailableException>(
                async () => await writer.WriteAsync(new ReadOnlySequence<byte>(large.Content), Token));
            Assert.True(failure.MayBeginAnew);
        }

        nodes[0].IsDown = nodes[1].IsDown = false;
        await store.WriteAllAsync(large.Digest, large.Content, Token);

        Assert.Equal(large.Content, await store.ReadAllAsync(large.Digest, large.Content.Length, Token));
    }

    [Fact]
    public async Task A_full_node_is_an_error_of_its_own()
    {
        FailingNode tiny = new(maxBytes: 10);
        await using var store = new ShardStore("shards", [new("tiny", tiny.Store)], handoff, TimeSpan.FromSeconds(10), logger, time);

        await Assert.ThrowsAsync<StoreFullException>(async () => await store.WriteAllAsync(blobs[0].Digest, blobs[0].Content, Token));
    }

    private ShardStore Shard(int count, params (int Node, ShardNodeState State)[] states)
    {
        var store = new ShardStore(
            "shards",
            [.. nodes.Take(count).Select((node, i) => new ShardNode($"n{i}", node.Store, 1, states.FirstOrDefault(state => state.Node == i).State))],
            handoff, TimeSpan.FromSeconds(10), logger, time);
        stores.Add(store);
        return store;
    }

    private async Task<ShardStore> FilledAsync(ShardStore store)
    {
        foreach (TestBlob blob in blobs)
            await store.WriteAllAsync(blob.Digest, blob.Content, Token);
        return store;
    }

    private async Task<Digest[]> KeptByAsync(int node)
    {
        IReadOnlyCollection<Digest> missing = await nodes[node].Kept.FindMissingAsync(Digests, Token);
        return [.. Digests.Except(missing)];
    }

    private async Task<int> CountAsync(Digest digest)
    {
        int count = 0;
        foreach (FailingNode node in nodes)
            count += await node.Kept.ContainsAsync(digest, Token) ? 1 : 0;
        return count;
    }
}
