using System.Text.Json.Nodes;
using RemoteExec.TestKit;

namespace RemoteExec.Architecture.Tests;

/// <summary>The dashboard for Grafana is one that can be read: panels that don't lie over each other, each with something to show.</summary>
public sealed class DashboardTests
{
    private static readonly JsonArray panels = JsonNode.Parse(File.ReadAllText(Repository.Path("deploy", "grafana", "remoteexec.json")))!["panels"]!.AsArray();

    [Fact]
    public void Every_panel_asks_for_something_and_has_a_number_of_its_own()
    {
        Assert.NotEmpty(panels);
        Assert.Equal(panels.Count, panels.Select(panel => (int)panel!["id"]!).Distinct().Count());
        Assert.All(panels.Where(panel => (string?)panel!["type"] != "row"), panel =>
        {
            Assert.NotEmpty((string)panel!["title"]!);
            Assert.NotEmpty(panel["targets"]!.AsArray());
            Assert.All(panel["targets"]!.AsArray(), target => Assert.NotEmpty((string)target!["expr"]!));
        });
    }

    [Fact]
    public void Panels_lie_beside_each_other()
    {
        var taken = new HashSet<(int X, int Y)>();
        foreach (JsonNode? panel in panels)
        {
            (int x, int y, int width, int height) = ((int)panel!["gridPos"]!["x"]!, (int)panel["gridPos"]!["y"]!, (int)panel["gridPos"]!["w"]!, (int)panel["gridPos"]!["h"]!);
            Assert.InRange(x + width, 1, 24);
            for (int i = 0; i < width * height; i++)
                Assert.True(taken.Add((x + (i % width), y + (i / width))), $"'{panel["title"]}' lies over another panel");
        }
    }
}
