using RemoteExec.Cas.Composition;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Tests.Configuration;

public sealed class ComposedStoreOptionsTests
{
    private static StoreOptions Load(string store) => new ConfigLoader().AddText("test.yaml", $"stores: {{ s: {store} }}\n").Load().Stores["s"].Options!;

    private static string[] ProblemsOf(string store) =>
        [.. Assert.Throws<ConfigException>(() => Load(store)).Problems.Select(problem => $"{problem.Path}: {problem.Message}")];

    [Fact]
    public void The_nodes_of_a_shard_are_read()
    {
        ShardOptions shard = Assert.IsType<ShardOptions>(Load(
            "{ shard: { nodes: [ { name: a, store: { memory: {} } }, { name: b, store: { memory: {} }, weight: 3, state: draining } ], handoff: 1h, timeout: 2s } }"));

        Assert.Equal([("a", 1, ShardNodeState.Active), ("b", 3, ShardNodeState.Draining)], shard.Nodes.Select(node => (node.Name, node.Weight, node.State)));
        Assert.Equal((TimeSpan.FromHours(1), TimeSpan.FromSeconds(2)), (shard.Handoff, shard.Timeout));
        Assert.Equal(2, shard.Children.Count());
    }

    [Fact]
    public void The_tiers_of_a_store_are_read()
    {
        RemoteExec.Server.Configuration.FastSlowOptions tiers = Assert.IsType<RemoteExec.Server.Configuration.FastSlowOptions>(Load(
            "{ fastSlow: { fast: { memory: {} }, slow: { memory: {} }, slowWrites: optional, slowDown: error } }"));

        Assert.Equal((SlowWrites.Optional, SlowDown.Error), (tiers.SlowWrites, tiers.SlowDown));
    }

    [Theory]
    [InlineData("{ shard: {} }", "stores.s.shard.nodes: must have one at least that is not draining")]
    [InlineData("{ shard: { nodes: [ { name: a, store: { memory: {} }, state: draining } ] } }", "stores.s.shard.nodes: must have one at least that is not draining")]
    [InlineData("{ shard: { nodes: [ { name: a, store: { memory: {} } }, { name: a, store: { memory: {} } } ] } }", "stores.s.shard.nodes: two of them have the name 'a'")]
    [InlineData("{ shard: { nodes: [ { name: a, store: { memory: {} } }, { name: b } ] } }", "stores.s.shard.nodes[1].store: is missing: name a store, or describe one")]
    [InlineData("{ shard: { nodes: [ { name: a, store: { memory: {} }, weight: 0 } ] } }", "stores.s.shard.nodes[0].weight: must be between 1 and 1000000")]
    [InlineData("{ shard: { nodes: [ { name: a, store: { memory: {} }, state: gone } ] } }", "stores.s.shard.nodes[0].state: 'gone' is none of active, joining, draining")]
    [InlineData("{ mirror: { stores: [ { memory: {} } ] } }", "stores.s.mirror.stores: must be two at least")]
    [InlineData("{ mirror: { stores: [ { memory: {} }, { memory: {} } ], timeout: 0 } }", "stores.s.mirror.timeout: must be positive")]
    [InlineData("{ fastSlow: { fast: { memory: {} } } }", "stores.s.fastSlow.slow: is missing: name a store, or describe one")]
    [InlineData("{ existenceCache: { store: { memory: {} }, maxEntries: 0 } }", "stores.s.existenceCache.maxEntries: must be positive")]
    [InlineData("{ retry: { store: { memory: {} }, attempts: 1 } }", "stores.s.retry.attempts: must be between 2 and 20")]
    [InlineData("{ meter: {} }", "stores.s.meter.store: is missing: name a store, or describe one")]
    public void What_can_not_be_used_is_refused(string store, string problem) => Assert.Contains(problem, ProblemsOf(store));

    [Fact]
    public void A_store_that_hashes_what_is_read_keeps_no_results() =>
        Assert.Contains(
            "actionCache.store: is a store, or made of one, that keeps blobs only: results need another kind",
            Assert.Throws<ConfigException>(new ConfigLoader().AddText("t", "actionCache: { store: { meter: { store: { verify: { store: { memory: {} } } } } } }\n").Load)
                .Problems.Select(problem => $"{problem.Path}: {problem.Message}"));
}
