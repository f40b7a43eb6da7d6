using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace RemoteExec.Server.Tests.Operators;

/// <summary>What docs/scheduling.md tells an autoscaler to read is there to be read.</summary>
public sealed partial class AutoscalingTests : IAsyncLifetime
{
    private SteeredServer server = null!;

    public async ValueTask InitializeAsync() => server = await SteeredServer.StartAsync();

    public ValueTask DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task The_ScaledObject_of_the_document_reads_how_many_workers_there_should_be()
    {
        YamlMappingNode trigger = Mapping(Sequence(Mapping(Document("ScaledObject")["spec"])["triggers"])[0]);
        YamlMappingNode metadata = Mapping(trigger["metadata"]);
        await WantAsync(17);

        Assert.Equal("metrics-api", Text(trigger["type"]));
        Assert.Equal("1", Text(metadata["targetValue"]));
        Assert.Equal(3, (await ReadAsync(Text(metadata["url"]))).GetProperty(Text(metadata["valueLocation"])).GetInt32());
    }

    [Fact]
    public async Task The_HorizontalPodAutoscaler_of_the_document_reads_the_same()
    {
        YamlMappingNode autoscaler = Document("HorizontalPodAutoscaler");
        string metric = Text(Mapping(Mapping(Mapping(Sequence(Mapping(autoscaler["spec"])["metrics"])[0])["external"])["metric"])["name"]);
        YamlMappingNode annotations = Mapping(Mapping(autoscaler["metadata"])["annotations"]);
        string Setting(string key) => Text(annotations[$"metric-config.external.{metric}.json-path/{key}"]);
        await WantAsync(9);

        Assert.StartsWith("$.", Setting("json-key"), StringComparison.Ordinal);
        Assert.Equal(2, (await ReadAsync(Setting("endpoint"))).GetProperty(Setting("json-key")[2..]).GetInt32());
    }

    private static YamlMappingNode Document(string kind)
    {
        foreach (Match block in Block().Matches(File.ReadAllText(Repository.Path("docs", "scheduling.md"))))
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(block.Groups["text"].Value));
            if (stream.Documents[0].RootNode is YamlMappingNode root && root.Children.TryGetValue("kind", out YamlNode? found) && Text(found) == kind)
                return root;
        }

        throw new InvalidOperationException($"docs/scheduling.md has no {kind}");
    }

    private static YamlMappingNode Mapping(YamlNode node) => Assert.IsType<YamlMappingNode>(node);

    private static YamlSequenceNode Sequence(YamlNode node) => Assert.IsType<YamlSequenceNode>(node);

    private static string Text(YamlNode node) => Assert.IsType<YamlScalarNode>(node).Value!;

    private async Task WantAsync(int actions)
    {
        await server.ConnectWorkerAsync("w1", ("pool", "big"));
        for (int i = 0; i < actions; i++)
            await server.ExecuteAsync($"{i}", "build", ("pool", "big"));
    }

    private Task<JsonElement> ReadAsync(string url) => server.JsonAsync(new Uri(url).PathAndQuery["/api/v1/".Length..]);

    [GeneratedRegex(@"^```yaml\n(?<text>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();
}
