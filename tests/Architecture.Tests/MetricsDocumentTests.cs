using System.Text.RegularExpressions;
using RemoteExec.TestKit;

namespace RemoteExec.Architecture.Tests;

/// <summary>docs/metrics.md has every instrument that the sources make, with its kind, its unit and its description, and no other.</summary>
public sealed partial class MetricsDocumentTests
{
    [Fact]
    public void Every_instrument_is_described_as_it_is()
    {
        string[] made = [.. SourceFile.Below("src").SelectMany(source => Instrument().Matches(source.Text))
            .Select(match => $"`{match.Groups["name"].Value}` | {KindOf(match.Groups["kind"].Value)}, {match.Groups["unit"].Value} | {match.Groups["text"].Value}").Distinct().Order(StringComparer.Ordinal)];
        string[] told = [.. Row().Matches(File.ReadAllText(Repository.Path("docs", "metrics.md")))
            .Select(match => $"`{match.Groups["name"].Value}` | {match.Groups["kind"].Value} | {match.Groups["text"].Value}").Order(StringComparer.Ordinal)];

        Assert.NotEmpty(made);
        Assert.Equal(made, told);
    }

    [Fact]
    public void No_instrument_is_made_in_a_way_that_this_does_not_see() =>
        Assert.Equal(
            SourceFile.Below("src").Sum(source => Making().Count(source.Text)),
            SourceFile.Below("src").Sum(source => Instrument().Count(source.Text)));

    private static string KindOf(string kind) => kind switch
    {
        "Histogram" => "histogram",
        "Counter" or "ObservableCounter" => "counter",
        "UpDownCounter" or "ObservableUpDownCounter" or "Gauge" or "ObservableGauge" => "gauge",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "a kind of instrument"),
    };

    [GeneratedRegex("""\bCreate(?<kind>(?:Observable)?(?:Counter|UpDownCounter|Gauge|Histogram))(?:<\w+>)?\(\s*"(?<name>[^"]+)",.*?"(?<unit>[^"]+)",\s*"(?<text>[^"]+)"\s*\)""")]
    private static partial Regex Instrument();

    [GeneratedRegex(@"\bCreate(?:Observable)?(?:Counter|UpDownCounter|Gauge|Histogram)\b")]
    private static partial Regex Making();

    [GeneratedRegex(@"^\| `(?<name>[a-z][\w.]+)` \| (?<kind>\w+, [\w{}]+) \|[^|]*\| (?<text>[^|]+) \|$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
