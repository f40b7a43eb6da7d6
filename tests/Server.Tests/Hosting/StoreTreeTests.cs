using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Cas.Builds;
using RemoteExec.Server.Configuration;
using RemoteExec.Server.Hosting;
using RemoteExec.TestKit;

namespace RemoteExec.Server.Tests.Hosting;

public sealed class StoreTreeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>All kinds that are made of others, down to two stores that are named twice.</summary>
    private const string EveryKind = """
        stores:
          a: { memory: {} }
          b: { memory: {} }
          pair: { mirror: { stores: [ a, b ] } }
          all:
            fastSlow:
              fast: { sizeSplit: { small: { meter: { store: { memory: {} } } }, large: { memory: {} } } }
              slow:
                existenceCache:
                  store: { retry: { store: { verify: { store: { shard: { nodes: [ { name: one, store: pair } ] } } } } } }
          reader: { readOnly: { store: pair } }
        """;

    [Fact]
    public async Task Every_kind_is_opened_with_what_it_is_made_of()
    {
        ServerOptions options = new ConfigLoader().AddText("test.yaml", EveryKind).Load();
        await using StoreTree tree = Tree(options);
        IBlobStore all = await tree.OpenAsync(options.Stores["all"], StoreUse.Blobs, "cas", Token);
        IBlobStore reader = await tree.OpenAsync(options.Stores["reader"], StoreUse.Blobs, "cas", Token);
        TestBlob blob = TestBlob.Random(1, 10_000);

        await all.WriteAllAsync(blob.Digest, blob.Content, Token);

        Assert.Equal(blob.Content, await all.ReadAllAsync(blob.Digest, 10_000, Token));
        Assert.Equal(blob.Content, await reader.ReadAllAsync(blob.Digest, 10_000, Token)); // a named store is opened once
        StoreReadOnlyException refusal = await Assert.ThrowsAsync<StoreReadOnlyException>(async () => await reader.OpenWriteAsync(blob.Digest, 10_000, Token));
        Assert.Equal("cas", refusal.Store);
    }

    [Fact]
    public async Task A_store_of_results_is_not_the_one_of_blobs()
    {
        ServerOptions options = new ConfigLoader().AddText("test.yaml", EveryKind).Load();
        await using StoreTree tree = Tree(options);
        var reference = new StoreReference("pair", null, null);

        IBlobStore blobs = await tree.OpenAsync(reference, StoreUse.Blobs, "cas", Token);

        Assert.Same(blobs, await tree.OpenAsync(reference, StoreUse.Blobs, "cas", Token));
        Assert.NotSame(blobs, await tree.OpenAsync(reference, StoreUse.Results, "actionCache", Token));
    }

    private static StoreTree Tree(ServerOptions options) =>
        new(options.Stores, new LiveBuilds(TimeSpan.Zero, TimeProvider.System), 50, options.MinFreeDisk, NullLoggerFactory.Instance, TimeProvider.System);
}
