using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Tests.Configuration;

public sealed class StoreGraphTests
{
    private const string Remote = "{ remote: { url: \"grpc://x:1\", patience: 0s } }";
    private const string Mirror = $"{{ mirror: {{ stores: [ {Remote}, {Remote} ] }} }}";

    [Theory]
    [InlineData($"{{ shard: {{ nodes: [ {{ name: a, store: {Remote} }} ] }} }}", 10)]
    [InlineData($"{{ shard: {{ nodes: [ {{ name: a, store: {{ remote: {{ url: \"grpc://x:1\", patience: 7s }} }} }} ] }} }}", 17)]
    [InlineData($"{{ shard: {{ nodes: [ {{ name: a, store: {Mirror} }}, {{ name: b, store: {{ memory: {{}} }} }} ] }} }}", 25)]
    [InlineData($"{{ shard: {{ timeout: 3s, nodes: [ {{ name: a, store: {Mirror} }} ] }} }}", 3)]
    [InlineData($"{{ fastSlow: {{ fast: {{ memory: {{}} }}, slow: {{ memory: {{}} }} }} }}", 5)]
    [InlineData($"{{ fastSlow: {{ fast: {Remote}, slow: {{ readOnly: {{ store: {Mirror} }} }} }} }}", 25)]
    [InlineData($"{{ mirror: {{ stores: [ {{ fastSlow: {{ fast: {{ memory: {{}} }}, slow: {Remote}, timeout: 8s }} }}, {Remote} ] }} }}", 13)]
    public void A_part_may_take_longer_than_what_it_waits_for_itself(string store, int seconds)
    {
        ServerOptions options = new ConfigLoader().AddText("test.yaml", $"cas: {{ store: {store} }}\n").Load();
        var graph = new StoreGraph(options.Stores);

        Assert.Equal(TimeSpan.FromSeconds(seconds), graph.TimeoutOf(graph.OptionsOf(options.Cas.Store!)));
    }
}
