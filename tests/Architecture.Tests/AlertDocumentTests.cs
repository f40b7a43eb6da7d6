using System.Text.RegularExpressions;
using RemoteExec.Server.Telemetry;
using RemoteExec.TestKit;

namespace RemoteExec.Architecture.Tests;

/// <summary>What the rules and the dashboard are made of is there, and what an alert wants done stands in docs/operations.md.</summary>
public sealed partial class AlertDocumentTests
{
    private static readonly string[] samples = [.. Row().Matches(File.ReadAllText(Repository.Path("docs", "metrics.md"))).SelectMany(SamplesOf)];

    public static TheoryData<string> Users { get; } = ["deploy/prometheus/remoteexec.rules.yaml", "deploy/prometheus/remoteexec.rules.test.yaml", "deploy/grafana/remoteexec.json", "docs/operations.md", "docs/metrics.md"];

    [Theory]
    [MemberData(nameof(Users))]
    public void Every_metric_that_is_named_is_one_that_is_made(string file) =>
        Assert.Empty(SampleName().Matches(File.ReadAllText(Repository.Path(file))).Select(match => match.Value).Distinct().Except(samples));

    [Fact]
    public void Every_alert_is_explained_and_no_other_is()
    {
        string rules = File.ReadAllText(Repository.Path("deploy", "prometheus", "remoteexec.rules.yaml"));
        string[] alerts = [.. Alert().Matches(rules).Select(match => match.Groups["name"].Value).Order(StringComparer.Ordinal)];

        Assert.Equal(alerts, Heading().Matches(File.ReadAllText(Repository.Path("docs", "operations.md"))).Select(match => match.Groups["name"].Value).Order(StringComparer.Ordinal));
        Assert.Equal(alerts.Select(alert => $"docs/operations.md#{alert.ToLowerInvariant()}").Order(StringComparer.Ordinal), Runbook().Matches(rules).Select(match => match.Groups["place"].Value).Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> SamplesOf(Match row)
    {
        var family = MetricFamily.Of(row.Groups["name"].Value, row.Groups["unit"].Value, row.Groups["kind"].Value);
        return family.Type == "histogram" ? [$"{family.Name}_bucket", $"{family.Name}_sum", $"{family.Name}_count"] : [family.SampleName];
    }

    [GeneratedRegex(@"^\| `(?<name>[a-z][\w.]+)` \| (?<kind>\w+), (?<unit>[\w{}]+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"\b(?:remoteexec|rpc_server)_[a-z0-9_]+\b")]
    private static partial Regex SampleName();

    [GeneratedRegex(@"^  - alert: (?<name>\w+)$", RegexOptions.Multiline)]
    private static partial Regex Alert();

    [GeneratedRegex(@"^### (?<name>RemoteExec\w+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"^      runbook_url: (?<place>\S+)$", RegexOptions.Multiline)]
    private static partial Regex Runbook();
}
