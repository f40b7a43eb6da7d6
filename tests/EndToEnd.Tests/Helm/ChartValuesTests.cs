using System.Text.Json.Nodes;

namespace RemoteExec.EndToEnd.Tests.Helm;

/// <summary>Every value of the chart is described, in the README and in the schema.</summary>
public sealed class ChartValuesTests
{
    private static readonly string yaml = File.ReadAllText(Path.Combine(Chart.Directory, "values.yaml"));

    [Fact]
    public void Every_value_is_explained() => Assert.Empty(ChartValues.Read(yaml).Where(value => value.Comment is null).Select(value => value.Key));

    [Fact]
    public void The_README_has_the_values_as_they_are()
    {
        string file = Path.Combine(Chart.Directory, "README.md"), readme = File.ReadAllText(file), made = ChartValues.WithTable(readme, yaml);
        if (Environment.GetEnvironmentVariable("REMOTEEXEC_WRITE_DOCS") == "1")
            File.WriteAllText(file, made);

        Assert.True(File.ReadAllText(file) == made, "helm/remoteexec/README.md is not up to date: run ./dev docs");
    }

    [Fact]
    public void The_schema_knows_the_values_and_no_others()
    {
        JsonNode schema = JsonNode.Parse(File.ReadAllText(Path.Combine(Chart.Directory, "values.schema.json")))!;

        Assert.Equal(ChartValues.Read(yaml).Select(value => value.Key).Order(StringComparer.Ordinal), Keys(schema, schema, "").Except(["global"]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_value_is_used()
    {
        string templates = string.Concat(Directory.GetFiles(Path.Combine(Chart.Directory, "templates")).Select(File.ReadAllText));

        Assert.All(ChartValues.Read(yaml), value => Assert.Matches($@"[.""]{value.Key.Split('.')[^1]}\b", templates));
    }

    private static IEnumerable<string> Keys(JsonNode root, JsonNode schema, string path)
    {
        JsonNode meant = (string?)schema["$ref"] is { } name ? root["definitions"]![name.Split('/')[^1]]! : schema;
        if (meant["properties"] is not JsonObject properties || path == "tls.certManager.issuerRef")
            return [path];
        Assert.False((bool)meant["additionalProperties"]!, path);
        return properties.SelectMany(property => Keys(root, property.Value!, path.Length == 0 ? property.Key : $"{path}.{property.Key}"));
    }
}
