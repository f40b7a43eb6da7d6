using RemoteExec.Cas.Composition;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Composition;

public sealed class GatedStoreTests
{
    private readonly ManualTimeProvider time = new();
    private readonly RecordingLogger logger = new();
    private readonly FailingNode node = new();
    private readonly GatedStore store;
    private readonly TestBlob blob = TestBlob.Random(1, 100);
    private int comebacks;

    public GatedStoreTests()
    {
        // As another server: small blobs are sent at the commit, and a writer opens whether anybody listens or not.
        Func<StoreOperation, Digest?, ValueTask> failing = node.Store.Before!;
        node.Store.Before = (operation, digest) => operation is StoreOperation.OpenWrite or StoreOperation.Write ? ValueTask.CompletedTask : failing(operation, digest);
        store = new GatedStore(node.Store, new NodeGate("far", TimeSpan.FromSeconds(10), logger, time, () => comebacks++));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task To_open_a_writer_does_not_prove_that_a_node_is_back()
    {
        node.IsDown = true;
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.WriteAllAsync(blob.Digest, blob.Content, Token).AsTask());

        time.Advance(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.WriteAllAsync(blob.Digest, blob.Content, Token).AsTask());

        Assert.True(store.Gate.IsClosed);
        Assert.Equal(0, comebacks);
        Assert.Equal(["the store 'far' is out of reach: cut off. It is done without, and tried again every 1 to 30 s"], logger.Entries.Select(entry => entry.Text));
    }

    [Fact]
    public async Task A_write_finds_a_node_that_is_back()
    {
        node.IsDown = true;
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.WriteAllAsync(blob.Digest, blob.Content, Token).AsTask());
        node.IsDown = false;
        time.Advance(TimeSpan.FromSeconds(1));

        await store.WriteAllAsync(blob.Digest, blob.Content, Token);

        Assert.True(await node.Kept.ContainsAsync(blob.Digest, Token));
        Assert.Equal(1, comebacks);
    }
}
